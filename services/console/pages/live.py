"""The live line of a page, which is the public stream of whoever looks, passed on until it breaks; and the lock.

A page at which nobody moves closes itself: from then on its session hears that there is something, and sees nothing.
"""

from collections.abc import Awaitable, Callable
from contextlib import aclosing

from aiohttp import web

from doorstroom_client import ClientError, Streaming
from services.chassis.errors import Unavailable
from services.chassis.web import EventStream, Permission, PlainStream, ServerSentEvent
from services.console.web.lines import LIVE, STREAMS
from services.console.web.refusals import Refused
from services.console.web.route import EVERYONE, Route
from services.console.web.visit import Visit

OPEN, NEWS, SOMETHING = "line-open", "news", "something"
EVENT_ID_LIMIT = 128
CHECK_SECONDS = 15.0


async def live(visit: Visit) -> web.Response | PlainStream:
    """The stream: first that the line is there, then what comes. It ends when the access token or the session does."""
    session = visit.signed_in
    service = STREAMS.get(session.grant.role)
    if service is None:
        raise Refused(404)
    ends_at = min(session.grant.expires_at, session.ends_at)

    async def stands() -> bool:
        """Nobody has signed out."""
        try:
            return await visit.site.sessions.find(session.secret, is_used=False) is not None
        except Unavailable:
            return False

    return PlainStream(
        subject=f"console {session.grant.user}",
        permission=Permission((ends_at - visit.now).total_seconds(), stands, CHECK_SECONDS),
        last_event_id=_last_event_id(visit),
        fill=_passing_on(visit, service),
        headers=visit.finished(web.Response(content_type="text/event-stream")).headers,
    )


def _passing_on(visit: Visit, service: Streaming) -> Callable[[EventStream], Awaitable[None]]:
    async def fill(stream: EventStream) -> None:
        """Say what kind of thing happened, and nothing of what it is: the page asks for that as it always does."""
        try:
            async with aclosing(visit.client.listen_once(service, stream.last_event_id)) as events:
                is_open = False
                async for event in events:
                    if not is_open:
                        await stream.send(ServerSentEvent(OPEN, event=OPEN))
                        is_open = True
                    kind = event.name or SOMETHING if event.data else None
                    await stream.send(ServerSentEvent(kind, id=event.id, event=NEWS))
        except ClientError:
            # The browser comes again by itself, and shows meanwhile that the line is down.
            return

    return fill


def _last_event_id(visit: Visit) -> str | None:
    """What the browser has; a page that begins a new line cannot set the header."""
    given = visit.request.headers.get("Last-Event-ID") or visit.request.query.get("after")
    return given if given and given.isascii() and given.isprintable() and len(given) <= EVENT_ID_LIMIT else None


async def here(visit: Visit) -> web.Response:
    """Somebody is still there: they moved, although they asked for no page."""
    return visit.finished(web.Response(status=204))


async def lock(visit: Visit) -> web.Response:
    """Nobody is there: nothing is shown any more, until somebody signs in again."""
    await visit.site.sessions.lock(visit.signed_in)
    return visit.finished(web.Response(status=204))


ROUTES = (
    Route("GET", LIVE, EVERYONE, live, when_locked=True),
    Route("GET", "/here", EVERYONE, here),
    Route("POST", "/lock", EVERYONE, lock, when_locked=True),
)
