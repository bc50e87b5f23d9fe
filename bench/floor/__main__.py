"""Runs one station of the floor: `python -m bench.floor shelters`. Says "ready" and serves until SIGTERM."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable

import uvloop
from aiohttp import web

from bench.floor.stations import notifications, registry, shelters, teller
from bench.floor.wire import Places

STATIONS: dict[str, Callable[[Places], Awaitable[web.Application]]] = {
    "shelters": shelters,
    "registry": registry,
    "notifications": notifications,
    "teller": teller,
}


async def serve(station: str) -> None:
    """Serve one station until SIGTERM."""
    places = Places.from_environment()
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    runner = web.AppRunner(await STATIONS[station](places), access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", places.port).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await stopping.wait()
    await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
