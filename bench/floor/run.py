"""Drives the floor and returns its figures."""

import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import aiohttp

from bench.floor.stations import QUEUES
from bench.floor.wire import EXCHANGES, Places
from bench.journey import Arrivals, Load, drive
from bench.measure import Figure
from bench.processes import free_port, serving
from bench.servers import Servers
from bench.stream import watching

SUBJECT = "floor"
STATIONS = ("notifications", "registry", "shelters")
BED = {
    "programme": "cosm",
    "places": 2,
    "accepts": {"sexes": ["female"], "ageBands": ["18-22", "23-plus"], "children": True},
    "serves": {"wheelchair": False, "needs": ["psychiatric", "medical"]},
    "availableFrom": "2030-01-01T00:00:00Z",
    "leaseExpiresAt": "2030-01-04T00:00:00Z",
    "freedAt": "2030-01-01T00:00:00Z",
    "unitId": "0190b6a0-0000-7000-8000-000000000001",
    "facilityId": "0190b6a0-0000-7000-8000-000000000002",
}
"""About as many bytes as the product's own message of a free bed."""


@dataclass(frozen=True, slots=True)
class Running:
    """A station that runs, and the port it listens on."""

    process_id: int
    port: int


class Floor:
    """The journey through the three stations."""

    def __init__(self, session: aiohttp.ClientSession, beds_url: str, arrivals: Arrivals) -> None:
        """Post to a URL with a session that is open."""
        self.arrivals = arrivals
        self._session = session
        self._beds_url = beds_url

    async def post(self) -> str:
        """Post one bed; return its id."""
        bed = {"id": str(uuid4()), **BED}
        async with self._session.post(self._beds_url, json=bed, raise_for_status=True) as answer:
            return str((await answer.json())["id"])

    async def posted(self, events: Sequence[str]) -> Mapping[str, str]:
        """Return each event's own key: the floor passes on the id that was posted."""
        return {event: event for event in events}


async def measure(servers: Servers, load: Load, scenarios: frozenset[str]) -> list[Figure]:
    """Start the three stations, drive them, and return latencies, rate and memory."""
    try:
        async with AsyncExitStack() as stack:
            running = {name: await stack.enter_async_context(station(servers, name)) for name in STATIONS}
            floor = await stack.enter_async_context(_journey(running))
            processes = {name: station.process_id for name, station in running.items()}
            return await drive(floor, SUBJECT, load, scenarios, processes)
    finally:
        await servers.delete(QUEUES, EXCHANGES)


@asynccontextmanager
async def station(servers: Servers, name: str) -> AsyncIterator[Running]:
    """Run one station meanwhile, on a database of its own."""
    async with servers.database(name) as database_url:
        places = Places(database_url, servers.broker_url, free_port())
        async with serving((sys.executable, "-m", "bench.floor", name), places.as_environment()) as process:
            yield Running(process.pid, places.port)


@asynccontextmanager
async def _journey(running: Mapping[str, Running]) -> AsyncIterator[Floor]:
    arrivals = Arrivals()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        stream_url = f"http://127.0.0.1:{running['notifications'].port}/stream"
        async with watching(session, stream_url, lambda data: arrivals.saw(json.loads(data)["id"])):
            yield Floor(session, f"http://127.0.0.1:{running['shelters'].port}/beds", arrivals)
