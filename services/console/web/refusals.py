"""What went wrong, as a page that says what to do."""

from http import HTTPStatus
from urllib.parse import urlencode

import structlog
from aiohttp import web

from doorstroom_client import ClientError, ProblemError, ServerUnreachable
from services.chassis.errors import TooManyRequests, Unavailable
from services.chassis.web import problems
from services.console import noting
from services.console.failures import Reason, SignInFailed
from services.console.web.addresses import HOME, inside
from services.console.web.texts import later
from services.console.web.visit import Visit

log = structlog.get_logger(__name__)


class Refused(Exception):
    """This is not answered. With a reason, it stands in the audit log: nobody else knows of it."""

    def __init__(self, status: int, reason: str | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.reason = reason


class SignedOut(Exception):
    """This is for those who are signed in."""


TOO_MANY, UNAVAILABLE, UNKNOWN = 429, 503, 500
STATUSES: dict[int, tuple[str, str]] = {
    400: (later("This was not understood"), later("Go back, and try again.")),
    403: (later("This is not for you"), later("Your role may not see or do this. Nothing was changed.")),
    404: (later("There is nothing here"), later("The page does not exist, or is not yours to see.")),
    405: (later("That cannot be done here"), later("Go back, and use the buttons of the page.")),
    409: (
        later("That is not possible any more"),
        later("Something has changed since you opened the page. Nothing was changed by you; look again."),
    ),
    413: (later("That is too much"), later("Send less at once.")),
    415: (later("This was not understood"), later("Go back, and try again.")),
    421: (
        later("This is not the console's address"),
        later("Use the address that you were given, and tell your administrator."),
    ),
    429: (
        later("That was too much in a short time"),
        later("Wait a minute, and look again whether what you did was done."),
    ),
    500: (
        later("Something went wrong here"),
        later("That is our mistake, and it is in our log. Whether what you did was done, the page will show."),
    ),
    503: (
        later("doorstroom is not available at the moment"),
        later("Nothing is lost. Wait a minute, and look again whether what you did was done."),
    ),
}
SIGN_IN: dict[Reason, tuple[int, str, str]] = {
    Reason.NOT_BEGUN: (
        400,
        later("Sign in again"),
        later("This sign-in was not begun in this browser, or longer than ten minutes ago."),
    ),
    Reason.STOPPED: (
        403,
        later("You are not signed in"),
        later("Your organisation's sign-in page did not let you through, or you stopped there."),
    ),
    Reason.PROVIDER_AWAY: (
        503,
        later("Your organisation's sign-in page does not answer"),
        later("Wait a minute, and try again. If it goes on, tell your administrator."),
    ),
    Reason.PROVIDER_WRONG: (
        502,
        later("Signing in went wrong"),
        later("Your organisation's sign-in page gave an answer that is not right. Tell your administrator."),
    ),
    Reason.NO_ACCESS: (
        403,
        later("Your account has no access yet"),
        later(
            "You are known to your organisation, but your account has no organisation and role for doorstroom. "
            "Ask your administrator for it."
        ),
    ),
    Reason.OVER: (403, later("Sign in again"), later("Your sign-in is over, or it was used already.")),
}


async def refusal(visit: Visit, error: Exception) -> web.Response:
    """The page for this error; and a line in the audit log, where nobody else has one."""
    if isinstance(error, SignedOut) or (isinstance(error, ProblemError) and error.status == HTTPStatus.UNAUTHORIZED):
        return to_sign_in(visit)
    if isinstance(error, SignInFailed):
        return await failed_sign_in(visit, error)
    status = _status(error)
    if status == UNKNOWN:
        problems.log_unexpected(error)
    if (reason := _reason(error)) is not None:
        grant = None if visit.session is None else visit.session.grant
        await noting.record(visit.site.journal, noting.refused(noting.OPEN, status, reason, grant))
    title, text = STATUSES[status]
    try:
        response = visit.page("refusal.html", status, title=title, text=text, sign_in=False)
    except Unavailable:
        # Without the key file there is not even a form.
        return visit.finished(web.Response(status=UNAVAILABLE, text=STATUSES[UNAVAILABLE][0]))
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def _reason(error: Exception) -> str | None:
    """Why the console refuses this by itself; what an API refuses, that one notes."""
    if isinstance(error, TooManyRequests):
        return "too-fast" if error.is_first else None
    return error.reason if isinstance(error, Refused) else None


async def failed_sign_in(visit: Visit, failure: SignInFailed) -> web.Response:
    """Nobody is signed in, and why."""
    log.warning("sign-in-failed", reason=failure.reason.value, detail=failure.detail)
    status, title, text = SIGN_IN[failure.reason]
    await noting.record(visit.site.journal, noting.refused(noting.SIGN_IN, status, failure.reason.value))
    return visit.page("refusal.html", status, title=title, text=text, sign_in=True)


def to_sign_in(visit: Visit) -> web.Response:
    """Sign in, and come back to where you were. A page that asks by itself only needs to know."""
    if visit.is_by_itself:
        return visit.finished(web.Response(status=HTTPStatus.UNAUTHORIZED))
    request = visit.request
    came_from = request.path_qs if request.method == "GET" else HOME
    query = {} if came_from == HOME else {"to": inside(came_from)}
    if visit.had_session:
        query["told"] = "locked" if visit.is_locked else "ended"
    return visit.redirect(f"/sign-in?{urlencode(query)}" if query else "/sign-in")


def _status(error: Exception) -> int:
    if isinstance(error, Refused):
        return error.status
    if isinstance(error, ProblemError):
        return error.status if error.status in STATUSES else UNKNOWN
    if isinstance(error, TooManyRequests):
        return TOO_MANY
    if isinstance(error, ServerUnreachable | Unavailable | TimeoutError | ClientError):
        return UNAVAILABLE
    return UNKNOWN
