"""The route of a live stream: checked like any other request, then open until either side ends it."""

from functools import partial
from typing import Any

from aiohttp import web

from services.chassis.errors import Forbidden, Unauthenticated, Unavailable
from services.chassis.web import negotiation, problems
from services.chassis.web.auditing import done
from services.chassis.web.endpoint import Endpoint
from services.chassis.web.headers import Trace, answered
from services.chassis.web.operation import Call, Unit
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
        subject = call.principal.subject
        self.context.streams.check_room(subject)
        response = self._response(ids)
        stream = EventStream(response, self.context.settings, last_id)
        self.context.streams.add(subject, stream)
        try:
            await response.prepare(request)
            await serve(stream, lambda: handler(call, stream), self._permission(request, call))
        except Exception as error:
            if not response.prepared:
                raise
            # The answer has begun: all that is left is to end it.
            problems.log_unexpected(error)
        finally:
            self.context.streams.remove(subject, stream)
            if stream.broken and request.transport is not None:
                # A polite end would wait for the reader.
                request.transport.abort()
        return response

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

    def _response(self, ids: Trace) -> web.StreamResponse:
        headers = answered(self.base, ids)
        headers["Content-Type"] = negotiation.EVENT_STREAM
        # Proxies that buffer would hold events back.
        headers["X-Accel-Buffering"] = "no"
        return web.StreamResponse(headers=headers)
