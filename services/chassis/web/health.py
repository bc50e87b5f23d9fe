"""Whether the process lives, and whether it should get requests."""

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping

import structlog
from aiohttp import web
from multidict import CIMultiDict

log = structlog.get_logger(__name__)

Check = Callable[[], bool | Awaitable[bool]]


class Health:
    """Answers `/healthz` and `/readyz`; neither needs a token, and neither tells more than names and yes or no."""

    def __init__(self, checks: Mapping[str, Check], base: CIMultiDict[str], timeout_seconds: float) -> None:
        self._checks = checks
        self._base = base
        self._timeout_seconds = timeout_seconds

    async def live(self, _request: web.Request) -> web.Response:
        """200 for as long as the event loop turns."""
        return self._answer(200, {"status": "alive"})

    async def ready(self, _request: web.Request) -> web.Response:
        """200 when every check passes, else 503; the checks run at the same time, each for a bounded time."""
        outcomes = await asyncio.gather(*(self._passes(name, check) for name, check in self._checks.items()))
        ready = all(outcomes)
        checks = dict(zip(self._checks, outcomes, strict=True))
        if ready:
            return self._answer(200, {"status": "ready", "checks": checks})
        failing = ", ".join(name for name, passed in checks.items() if not passed)
        document = {
            "type": "about:blank",
            "title": "Service Unavailable",
            "status": 503,
            "detail": f"Not ready: {failing}.",
            "checks": checks,
        }
        return self._answer(503, document, "application/problem+json")

    async def _passes(self, name: str, check: Check) -> bool:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                outcome = check()
                return bool(await outcome if inspect.isawaitable(outcome) else outcome)
        except Exception as error:  # noqa: BLE001 - a check that fails in any way has not passed
            log.warning("check-failed", check=name, error=type(error).__name__)
            return False

    def _answer(
        self, status: int, document: Mapping[str, object], media_type: str = "application/json"
    ) -> web.Response:
        headers = self._base.copy()
        headers["Content-Type"] = media_type
        return web.Response(status=status, body=json.dumps(document).encode(), headers=headers)
