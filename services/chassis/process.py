"""One process with one or more services on one port, from its start to a clean end."""

import asyncio
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from services.chassis.background import Background
from services.chassis.broker.port import Broker
from services.chassis.broker.topology import Queue
from services.chassis.identity import RemoteKeys, TokenVerifier
from services.chassis.measures.page import MetricsPage
from services.chassis.service import Service
from services.chassis.settings import ServiceSettings
from services.chassis.web import Runner, WebSettings, build_application
from services.chassis.web.certificates import Certificates
from services.chassis.web.health import Check
from services.chassis.wiring import Unusable

if TYPE_CHECKING:
    from services.chassis.tracing.recording import Traces

log = structlog.get_logger(__name__)

BACKLOG = 1024


class Process:
    """Starts services behind one HTTP port, and stops them in the order in which nothing is lost."""

    def __init__(
        self, services: Sequence[Service], broker: Broker, verifier: TokenVerifier, settings: ServiceSettings
    ) -> None:
        self._services = services
        self._broker = broker
        self._settings = settings
        self._stopping = False
        checks: dict[str, Check] = {"running": lambda: not self._stopping}
        for service in services:
            checks |= service.checks
        self._background = Background()
        self._remote_keys = [keys for keys in verifier.issuers.values() if isinstance(keys, RemoteKeys)]
        if self._remote_keys:
            # One of several may be away: whoever comes with a token of another one is served.
            checks["issuer-keys"] = lambda: any(keys.usable for keys in verifier.issuers.values())
        web_settings = WebSettings(
            access_log=settings.access_log,
            behind_tls=settings.behind_tls,
            client_requests_per_second=settings.client_requests_per_second,
            organisation_requests_per_second=settings.organisation_requests_per_second,
            certificates=Certificates.from_words(settings.client_certificate_header, settings.trusted_proxies),
        )
        apis = [service.api for service in services]
        application = build_application(apis, verifier, checks=checks, settings=web_settings)
        self._runner = Runner(application, web_settings)
        self._metrics: MetricsPage | None = None
        self._traces: Traces | None = None
        self.port = 0
        self._host = ""
        self.metrics_port: int | None = None
        """Where `/metrics` is, when it is served."""

    async def start(self, host: str, port: int) -> None:
        """Migrate, connect, listen. Raises DatabaseUnavailable, or OSError when the port is taken."""
        self._record_traces()
        for service in self._services:
            await service.migrate()
        await self._broker.start(self._ask_again)
        for keys in self._remote_keys:
            self._background.start("issuer-keys", keys.follow)
        for service in self._services:
            await service.start()
        await self._measure()
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, backlog=BACKLOG)
        await site.start()
        self.port, self._host = self._runner.addresses[0][1], host
        names = [service.name for service in self._services]
        log.info("listening", services=names, port=self.port, metrics_port=self.metrics_port)

    @property
    def root(self) -> str:
        """Where this very machine reaches it, once it has started."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104 - not to listen there
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def _record_traces(self) -> None:
        """Record what happens, if that is wanted. Raises Unusable without the library for it."""
        if self._settings.traces:
            try:
                from services.chassis.tracing.recording import Traces  # noqa: PLC0415 - only who wants traces loads them
            except ImportError:
                raise Unusable("DOORSTROOM_TRACES needs what `pip install doorstroom[traces]` installs") from None
            self._traces = Traces([service.name for service in self._services])

    async def _measure(self) -> None:
        """Serve the numbers, if that is wanted. Raises OSError when the port is taken."""
        port = self._settings.metrics_port
        if port is not None:
            self._metrics = MetricsPage([service.readings for service in self._services])
            self.metrics_port = await self._metrics.start(self._settings.metrics_host, port)

    async def _ask_again(self, missing: Sequence[Queue]) -> None:
        for service in self._services:
            await service.ask_again(missing)

    async def stop(self, drain_seconds: float) -> None:
        """Say that we stop, finish the requests, publish what waits, hand back the rest, and close everything."""
        self._stopping = True
        await asyncio.sleep(drain_seconds)
        await self._runner.cleanup()
        await self._background.stop()
        # All of them first: within one process, what one service publishes another must still consume, and that may
        # cause more. The longest chain passes through each of them once and comes back.
        for _ in range(len(self._services) + 1):
            if not all(await asyncio.gather(*(service.drain() for service in self._services))):
                break  # What could not be published now stays in the outbox: to end in time matters more.
        for service in self._services:
            await service.stop()
        await self._broker.close()
        if self._metrics is not None:
            await self._metrics.stop()
        if self._traces is not None:
            await self._traces.stop()
        log.info("stopped", services=[service.name for service in self._services])


async def run_until_signalled(process: Process, settings: ServiceSettings) -> None:
    """Serve until SIGTERM or SIGINT, and then stop cleanly."""
    signalled = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signalled.set)
    try:
        await process.start(settings.host, settings.port)
        await signalled.wait()
    finally:
        await process.stop(settings.drain_seconds)
