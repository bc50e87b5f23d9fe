"""What happens to a request between the socket and a handler, in one place and one order."""

import asyncio
import time
from abc import ABC, abstractmethod
from typing import Any, Generic

import structlog
from aiohttp import web
from multidict import CIMultiDict
from prometheus_client import Counter
from structlog.contextvars import bind_contextvars

from services.chassis.errors import DoorstroomError, Forbidden, TooLarge, TooManyRequests
from services.chassis.idempotency import REPLAYED_HEADER
from services.chassis.identity.principal import Principal
from services.chassis.measures.families import REQUEST_SECONDS, REQUESTS
from services.chassis.tracing import serving
from services.chassis.web import negotiation, problems
from services.chassis.web.auditing import stopped
from services.chassis.web.context import Context
from services.chassis.web.headers import Trace, answered, received_traceparent, trace
from services.chassis.web.inputs import InputReader
from services.chassis.web.operation import Api, Call, Operation, Unit
from services.chassis.web.performance import Perform

log = structlog.get_logger("access")

ASKING = web.RequestKey("asking", Principal)
"""Who asks, once that is known."""
_UNAVAILABLE = 503


class Endpoint(ABC, Generic[Unit]):
    """One route. Whatever happens, it answers, with the standing headers; and it logs one line."""

    def __init__(self, api: Api[Unit], operation: Operation[Unit], context: Context, base: CIMultiDict[str]) -> None:
        self.service = api.name
        self.journal = api.journal
        self._seconds = REQUEST_SECONDS.labels(api.name)
        self._counts: dict[int, Counter] = {}
        self.operation = operation
        self.access = api.access[operation.operation_id]
        self.context = context
        self.base = base
        self._inputs = InputReader(operation)
        self._has_body = operation.method not in {"GET", "DELETE"}
        self._media_type = negotiation.JSON if operation.stream is None else negotiation.EVENT_STREAM

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        started = time.perf_counter()
        operation = self.operation
        with serving(self.service, operation.method, operation.path, received_traceparent(request)) as step:
            ids = trace(request, self.context.identifiers, step.traceparent)
            try:
                response = await self.respond(request, ids)
            except Exception as error:  # noqa: BLE001 - every failure becomes a problem document
                response = problems.problem(error, answered(self.base, ids))
                if not isinstance(error, TooManyRequests) or error.is_first:
                    await self._note(request, ids, response.status)
            step.note({"http.response.status_code": response.status})
        if self.operation.stream is None:
            self._seconds.observe(time.perf_counter() - started)
        self._count(response.status // 100)
        if self.context.settings.access_log:
            log_access(request.method, self.operation.path, response.status, started)
        return response

    def _count(self, status_class: int) -> None:
        known = self._counts.get(status_class)
        if known is None:
            operation = self.operation
            known = REQUESTS.labels(self.service, operation.method, operation.path, f"{status_class}xx")
            self._counts[status_class] = known
        known.inc()

    @abstractmethod
    async def respond(self, request: web.Request, ids: Trace) -> web.StreamResponse:
        """Read, run and answer. Raises whatever goes wrong."""

    async def accept(self, request: web.Request, ids: Trace) -> tuple[Call[Any, Any], object]:
        """The call that this request makes, and its body as a plain document. Raises what is wrong with it."""
        now = self.context.clock()
        certificate = self.context.settings.certificates.of(request)
        principal = await self.context.verifier.authenticate(negotiation.bearer_token(request), now, certificate)
        if principal.oin is not None:
            bind_contextvars(client_oin=principal.oin)
        request[ASKING] = principal
        self.context.rates.check(principal)
        self._authorise(principal)
        negotiation.check_accept(request, self._media_type)
        raw = b""
        if request.body_exists:
            negotiation.check_content(request, has_body=self._has_body)
            raw = await self._read(request)
        path, query, body, document = self._inputs.read(request, raw)
        told = ids.request_id, ids.traceparent
        return Call(principal, body, path, query, request.headers, *told, now, self.access), document

    async def _note(self, request: web.Request, ids: Trace, status: int) -> None:
        """Whoever was refused is in the audit log. Without a database nothing could be done or seen, and no line be."""
        if self.journal is None or status == _UNAVAILABLE:
            return
        try:
            await self.journal.record(stopped(self.operation, request.match_info, request.get(ASKING), ids, status))
        except DoorstroomError as error:
            log.exception("audit-not-written", operation=self.operation.operation_id, reason=error.detail)

    def _authorise(self, principal: Principal) -> None:
        if self.access.scope not in principal.scopes:
            raise problems.InsufficientScope(self.access.scope)
        if principal.role not in self.access.roles:
            allowed = ", ".join(sorted(self.access.roles))
            detail = f"The role of the access token may not do this; it is for: {allowed}."
            raise Forbidden(detail)

    async def _read(self, request: web.Request) -> bytes:
        limit = self.context.settings.body_limit_bytes
        too_large = TooLarge(f"Send at most {limit} bytes.")
        if (request.content_length or 0) > limit:
            raise too_large
        try:
            return await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise too_large from None


class HandlerEndpoint(Endpoint[Unit]):
    """A route with a handler: one question, one answer, within a bounded time."""

    def __init__(
        self,
        api: Api[Unit],
        operation: Operation[Unit],
        context: Context,
        base: CIMultiDict[str],
        perform: Perform,
    ) -> None:
        super().__init__(api, operation, context, base)
        self._perform = perform

    async def respond(self, request: web.Request, ids: Trace) -> web.StreamResponse:
        """Read, run and answer. Raises whatever goes wrong."""
        async with asyncio.timeout(self.context.settings.timeout_seconds):
            call, document = await self.accept(request, ids)
            reply, replayed = await self._perform(request, call, document)
        headers = answered(self.base, ids)
        headers.update(reply.headers)
        if replayed:
            headers[REPLAYED_HEADER] = "true"
        if reply.body is not None:
            headers["Content-Type"] = negotiation.JSON
        return web.Response(status=reply.status, body=reply.body, headers=headers)


def log_access(method: str, route: str, status: int, started: float) -> None:
    """One line per request: the route, never the address, which holds ids."""
    milliseconds = round((time.perf_counter() - started) * 1000, 2)
    log.info("request", method=method, route=route, status=status, milliseconds=milliseconds)
