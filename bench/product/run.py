"""Drives the product and returns its figures, by scenario."""

import asyncio
import time

from bench.journey import Load, drive
from bench.measure import PER_SECOND, Figure
from bench.product.installation import Installation, installed
from bench.servers import Servers
from bench.targets import PRODUCT
from services.cli.distributed import stop_services, wait_ready


async def measure(servers: Servers, load: Load, scenarios: frozenset[str]) -> list[Figure]:
    """Start the services, drive them, and return latencies, rates and memory."""
    backlog = load.sustained // 2
    beds = load.warm_up + load.alone + load.rate_per_second * load.rate_seconds + load.sustained + backlog
    async with installed(servers, beds) as installation:
        figures = await drive(installation, PRODUCT, load, scenarios, installation.processes)
        if "b" in scenarios:
            figures.append(await _drain(installation, backlog, load.clients))
        return figures


async def _drain(installation: Installation, count: int, clients: int) -> Figure:
    """Post while the registry is away; measure how fast it works off what has gathered, once it is back."""
    registry = installation.replicas["registry"]
    stop_services([registry])
    seen = len(installation.arrivals.instants)
    remaining = iter(range(count))

    async def post_all() -> None:
        for _ in remaining:
            await installation.post()

    await asyncio.gather(*(post_all() for _ in range(clients)))
    registry.restart()
    await wait_ready(registry)
    await installation.arrivals.until(seen + 1)
    began = time.perf_counter()
    first = len(installation.arrivals.instants) - seen
    await installation.arrivals.until(seen + count)
    rate = (count - first) / (time.perf_counter() - began)
    return Figure("b", PRODUCT, f"a backlog of {count:,} worked off", rate, PER_SECOND, count)
