"""The route of a live stream: checked like any other request, then open until either side ends it."""

from functools import partial
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from services.chassis.errors import Forbidden, Unauthenticated, Unavailable
from services.chassis.web import negotiation, problems
from services.chassis.web.auditing import done
from services.chassis.web.context import Context
from services.chassis.web.endpoint import Endpoint
from services.chassis.web.headers import Trace, answered
from services.chassis.web.operation import Call, PlainStream, Unit
from services.chassis.web.stream import EventStream, Permission, last_event_id, serve


class StreamEndpoint(Endpoint[Unit]):
    """Opens an event stream and lets the operation's handler fill it."""

    async def respond(self, request: web.Request, ids: Trace) -> web.StreamResponse:
        """Stream until the handler returns, the reader leaves or lags, the token expires, or the service stops."""
        handler = self.operation.stream
        if handler is None:
            message = "a stream endpoint was made for an operation that is no stream"
            raise ValueError(message)
        call, _ = await self.accept(request, ids)
        last_id = last_event_id(request.headers, self.operation.last_event_id)
        if self.journal is not None:
            await self.journal.record(done(self.operation, call, 200))
        opened = PlainStream(
            subject=call.principal.subject,
            permission=self._permission(request, call),
            last_event_id=last_id,
            fill=lambda stream: handler(call, stream),
        )
        return await open_stream(request, self.context, opened, answered(self.base, ids))

    def _permission(self, request: web.Request, call: Call[Any, Any]) -> Permission:
        expires_at = call.principal.expires_at
        seconds = None if expires_at is None else (expires_at - call.now).total_seconds()
        return Permission(seconds, partial(self._stands, request), self.context.settings.stream_check_seconds)

    async def _stands(self, request: web.Request) -> bool:
        """Whether the token would open a stream now: its key may be withdrawn, or its client revoked."""
        now, certificate = self.context.clock(), self.context.settings.certificates.of(request)
        try:
            token = negotiation.bearer_token(request)
            self._authorise(await self.context.verifier.authenticate(token, now, certificate))
        except (Unauthenticated, Forbidden, Unavailable):
            # Also when that cannot be told: whoever connects again is told so.
            return False
        return True


async def open_stream(
    request: web.Request, context: Context, opened: PlainStream, headers: CIMultiDict[str]
) -> web.StreamResponse:
    """Stream until there is no more, the reader leaves or lags, the time is over, or the service stops.

    Raises Unavailable when there is no room for one more.
    """
    context.streams.check_room(opened.subject)
    headers["Content-Type"] = negotiation.EVENT_STREAM
    # Proxies that buffer would hold events back.
    headers["X-Accel-Buffering"] = "no"
    response = web.StreamResponse(headers=headers)
    stream = EventStream(response, context.settings, opened.last_event_id)
    context.streams.add(opened.subject, stream)
    try:
        await response.prepare(request)
        await serve(stream, lambda: opened.fill(stream), opened.permission)
    except Exception as error:
        if not response.prepared:
            raise
        # The answer has begun: all that is left is to end it.
        problems.log_unexpected(error)
    finally:
        context.streams.remove(opened.subject, stream)
        if stream.broken and request.transport is not None:
            # A polite end would wait for the reader.
            request.transport.abort()
    return response
