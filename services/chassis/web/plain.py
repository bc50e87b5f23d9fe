"""Routes that another standard describes: what they answer is theirs; headers, time and log are as everywhere."""

import asyncio
import time

from aiohttp import web
from multidict import CIMultiDict

from services.chassis.measures.families import REQUEST_SECONDS, REQUESTS
from services.chassis.tracing import serving
from services.chassis.web import problems
from services.chassis.web.context import Context
from services.chassis.web.endpoint import log_access
from services.chassis.web.headers import answered, received_traceparent, trace
from services.chassis.web.operation import PlainRoute, PlainStream
from services.chassis.web.streaming import open_stream


class PlainEndpoint:
    """One such route."""

    def __init__(self, service: str, route: PlainRoute, context: Context, base: CIMultiDict[str]) -> None:
        self._service = service
        self._route = route
        self._context = context
        self._base = base

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer one request; with a problem document for what the route does not answer itself."""
        started = time.perf_counter()
        route = self._route
        with serving(self._service, route.method, route.path, received_traceparent(request)) as step:
            ids = trace(request, self._context.identifiers, step.traceparent)
            response = await self._respond(request, answered(self._base, ids))
            step.note({"http.response.status_code": response.status})
        if isinstance(response, web.Response):
            REQUEST_SECONDS.labels(self._service).observe(time.perf_counter() - started)
        REQUESTS.labels(self._service, route.method, route.path, f"{response.status // 100}xx").inc()
        if self._context.settings.access_log:
            log_access(request.method, route.path, response.status, started)
        return response

    async def _respond(self, request: web.Request, headers: CIMultiDict[str]) -> web.StreamResponse:
        try:
            async with asyncio.timeout(self._context.settings.timeout_seconds):
                response = await self._route.answer(request)
            if isinstance(response, PlainStream):
                headers.update(response.headers)
                return await open_stream(request, self._context, response, headers)
        except Exception as error:  # noqa: BLE001 - every failure becomes a problem document
            return problems.problem(error, headers)
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response
