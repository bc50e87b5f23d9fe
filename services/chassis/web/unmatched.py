"""Answers what no route takes: an address that is not there, or a method that an address does not have."""

import time
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import hdrs, web
from multidict import CIMultiDict

from services.chassis.measures.families import REQUESTS
from services.chassis.web import problems
from services.chassis.web.context import Context
from services.chassis.web.endpoint import log_access
from services.chassis.web.headers import answered, received_traceparent, trace

NONE = "(none)"
"""Stands for what a request to no route has not: what its client wrote instead is in no label."""
_REFUSED = REQUESTS.labels(NONE, NONE, NONE, "4xx")


Elsewhere = Callable[[web.Request, int], Awaitable[web.Response]]
"""Answers people, with this status, where no API has the address."""


class Unmatched:
    """The route behind all others."""

    def __init__(
        self,
        application: web.Application,
        bases: Mapping[str, CIMultiDict[str]],
        context: Context,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._application = application
        self._bases = bases
        self._context = context
        self._elsewhere = elsewhere

    async def answer(self, request: web.Request) -> web.Response:
        """404, or 405 with the methods that the address has."""
        started = time.perf_counter()
        ids = trace(request, self._context.identifiers, received_traceparent(request))
        allowed = await self._allowed(request)
        response = await self._response(request, allowed)
        for name, value in answered(self._base(request.path), ids).items():
            response.headers.setdefault(name, value)
        _REFUSED.inc()
        if self._context.settings.access_log:
            log_access(request.method, NONE, response.status, started)
        return response

    async def _response(self, request: web.Request, allowed: set[str]) -> web.Response:
        if self._elsewhere is not None and not any(request.path.startswith(f"{base}/") for base in self._bases):
            response = await self._elsewhere(request, 405 if allowed else 404)
            response.headers.update({"Allow": ", ".join(sorted(allowed))} if allowed else {})
            return response
        problem = problems.from_status(405, ", ".join(sorted(allowed))) if allowed else problems.from_status(404)
        return problems.problem(problem, CIMultiDict())

    async def _allowed(self, request: web.Request) -> set[str]:
        methods: set[str] = set()
        for resource in self._application.router.resources():
            methods |= (await resource.resolve(request))[1]
        return methods - {hdrs.METH_ANY}

    def _base(self, path: str) -> CIMultiDict[str]:
        """The standing headers of the API that the address lies in, else of the first API."""
        inside = (base for prefix, base in self._bases.items() if path.startswith(f"{prefix}/"))
        return next(inside, next(iter(self._bases.values())))
