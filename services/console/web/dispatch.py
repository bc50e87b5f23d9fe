"""From a request to a page: the right address, who it is, whether they may, whether the form is ours, the answer."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web
from yarl import URL

from services.chassis.web import PlainRoute, PlainStream
from services.console.web.addresses import is_loopback
from services.console.web.cookies import Cookie, read_cookie
from services.console.web.refusals import Refused, SignedOut, refusal
from services.console.web.route import Answer, Route
from services.console.web.site import Site
from services.console.web.visit import Visit

FORM, FORM_WITH_FILES = "application/x-www-form-urlencoded", "multipart/form-data"
FIELDS_LIMIT = 100
FILES_LIMIT_BYTES = 1024 * 1024
MARK = "mark"
"""The field of every form with what only our own pages can put there."""


@dataclass(frozen=True, slots=True)
class Pages:
    """The console's routes, as the chassis serves them."""

    site: Site
    routes: Sequence[Route]

    def plain(self) -> tuple[PlainRoute, ...]:
        """All of them."""
        return tuple(PlainRoute(route.method, route.path, self._answering(route)) for route in self.routes)

    async def elsewhere(self, request: web.Request, status: int) -> web.Response:
        """For an address at which there is nothing, or not with this method."""

        async def answer(_visit: Visit) -> web.Response:
            raise Refused(status)

        response = await self._answered(request, Route(request.method, request.path, None, answer), read_form=False)
        assert isinstance(response, web.Response), "it refuses"  # noqa: S101 - just above
        return response

    def _answering(self, route: Route) -> Callable[[web.Request], Awaitable[web.Response | PlainStream]]:
        async def answer(request: web.Request) -> web.Response | PlainStream:
            return await self._answered(request, route, read_form=route.method == "POST")

        return answer

    async def _answered(self, request: web.Request, route: Route, *, read_form: bool) -> web.Response | PlainStream:
        visit = Visit.begin(request, self.site)
        try:
            if (elsewhere := self._true_address(request)) is not None:
                return visit.redirect(elsewhere)
            return await self._answer(visit, route.answer, route, read_form=read_form)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes a page
            return await refusal(visit, error)

    async def _answer(
        self, visit: Visit, answer: Answer, route: Route, *, read_form: bool
    ) -> web.Response | PlainStream:
        secret = read_cookie(visit.request, Cookie.SESSION, secure=self.site.secure)
        visit.had_session = secret is not None
        session = await self.site.sessions.find(secret, is_used=not visit.is_by_itself)
        visit.is_locked = session is not None and session.is_locked
        visit.session = session if not visit.is_locked or route.when_locked else None
        self.site.rates.check(session, visit.request.remote or "")
        if read_form:
            await _read_form(visit, takes_files=route.takes_files)
        if route.roles is not None:
            if visit.session is None:
                raise SignedOut
            if visit.session.grant.role not in route.roles:
                raise Refused(403, "not-for-this-role")
        return await answer(visit)

    def _true_address(self, request: web.Request) -> str | None:
        """Where they should have asked, when they came by another name of this machine. Raises Refused.

        A page of somebody else whose name suddenly leads to us (DNS rebinding) gets nothing.
        """
        true = URL(self.site.address())
        try:
            asked = URL(f"//{request.host}")
        except ValueError:
            raise Refused(421) from None
        if (asked.host, asked.explicit_port) == (true.host, true.explicit_port):
            return None
        if not (is_loopback(asked.host) and is_loopback(true.host)) or request.method != "GET":
            raise Refused(421)
        return f"{self.site.address()}{request.path_qs}"


async def _read_form(visit: Visit, *, takes_files: bool) -> None:
    """Read what was sent, when it comes from a form of ours in this very browser. Raises Refused."""
    request = visit.request
    has_files = takes_files and request.content_type == FORM_WITH_FILES
    if not (has_files or request.content_type == FORM) or "Content-Encoding" in request.headers:
        raise Refused(415)
    try:
        if has_files:
            await _read_parts(visit)
        else:
            text = (await request.read()).decode("ascii")
            visit.form = dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_LIMIT))
    except ValueError:
        raise Refused(400) from None
    except web.HTTPRequestEntityTooLarge:
        raise Refused(413) from None
    if not (_is_from_here(visit) and _is_marked(visit)):
        # A form of a session that has ended: to sign in again helps, and nothing was done.
        raise SignedOut if visit.session is None and visit.had_session else Refused(403, "not-our-form")


async def _read_parts(visit: Visit) -> None:
    """Fields and files. Raises Refused, or ValueError for what is no form."""
    form, files, left = dict[str, str](), dict[str, bytes](), FILES_LIMIT_BYTES
    async for part in await visit.request.multipart():
        if not isinstance(part, BodyPartReader) or len(form) + len(files) == FIELDS_LIMIT:
            raise Refused(400)
        content = await _read_part(part, left)
        left -= len(content)
        if part.filename is None:
            form[part.name or ""] = content.decode()
        else:
            files[part.name or ""] = content
    visit.form, visit.files = form, files


async def _read_part(part: BodyPartReader, limit_bytes: int) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk():
        content += chunk
        if len(content) > limit_bytes:
            raise Refused(413)
    return bytes(content)


def _is_from_here(visit: Visit) -> bool:
    """What the browser itself says of the page that a form was on; what says nothing is judged by the mark alone."""
    headers = visit.request.headers
    origin, site = headers.get("Origin"), headers.get("Sec-Fetch-Site")
    return origin in (None, str(URL(visit.site.address()).origin())) and site in (None, "same-origin")


def _is_marked(visit: Visit) -> bool:
    browser = visit.session.secret if visit.session is not None else visit.visitor
    return bool(browser) and visit.site.seal.is_marked(browser, visit.form.get(MARK, ""))
