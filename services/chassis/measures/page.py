"""`/metrics` for Prometheus, on a port of its own: whoever uses the APIs cannot ask for it."""

import asyncio
from collections.abc import Sequence

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.chassis.measures.families import FAMILIES
from services.chassis.measures.readings import KEPT_SECONDS, ServiceReadings
from services.chassis.web.server import Runner

PATH = "/metrics"


class MetricsPage:
    """All numbers of one process; those of each of its services have its name in the label `service`."""

    def __init__(self, readings: Sequence[ServiceReadings]) -> None:
        self._readings = readings
        self._reading = asyncio.Lock()
        self._fresh_until = float("-inf")

    async def start(self, host: str, port: int) -> int:
        """Listen, and give the port. Raises OSError when it is taken."""
        application = web.Application()
        application.router.add_get(PATH, self.answer)
        self._runner = Runner(application)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Listen no more."""
        await self._runner.cleanup()

    async def answer(self, _request: web.Request) -> web.Response:
        """The numbers, in Prometheus's text format."""
        await self._renew()
        # In a thread, in slices: a long page must not make a request wait.
        body = await asyncio.to_thread(generate_latest, FAMILIES)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST, "Server": "doorstroom"})

    async def _renew(self) -> None:
        """Read what lies in the databases, all at the same time, unless that was just done."""
        loop = asyncio.get_running_loop()
        async with self._reading:
            if loop.time() >= self._fresh_until:
                await asyncio.gather(*(readings.renew() for readings in self._readings))
                self._fresh_until = loop.time() + KEPT_SECONDS
