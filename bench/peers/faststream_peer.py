"""FastStream on a quorum queue: one hop in one process, a pydantic message, no database.

Messages are persistent, mandatory and confirmed, and acknowledged after the handler, as the product's are.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import uvloop
from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitQueue
from pydantic import AwareDatetime, BaseModel

from bench.measure import PER_SECOND, Figure, dump_figures, latencies
from bench.peers.load import PeerLoad

SUBJECT = "FastStream"
PREFETCH = 500
PUBLISHERS = 64
SECONDS = 60.0


class Accepts(BaseModel):
    """Who may come."""

    sexes: list[str]
    age_bands: list[str]
    children: bool


class Bed(BaseModel):
    """A message like the product's own of a free bed."""

    vacancy_id: UUID
    unit_id: UUID
    facility_id: UUID
    version: int
    programme: str
    places: int
    accepts: Accepts
    available_from: AwareDatetime
    lease_expires_at: AwareDatetime
    freed_at: AwareDatetime


def bed() -> Bed:
    """Return a bed with an id of its own."""
    now = datetime.now(UTC)
    return Bed(
        vacancy_id=uuid4(),
        unit_id=uuid4(),
        facility_id=uuid4(),
        version=1,
        programme="cosm",
        places=2,
        accepts=Accepts(sexes=["female"], age_bands=["18-22", "23-plus"], children=True),
        available_from=now,
        lease_expires_at=now,
        freed_at=now,
    )


class Hop:
    """Publishes and consumes on one queue."""

    def __init__(self, load: PeerLoad) -> None:
        """Make a broker with one subscriber, not yet connected."""
        self._queue = RabbitQueue(
            f"{load.prefix}.faststream", queue_type=QueueType.QUORUM, durable=True, arguments={"x-delivery-limit": 20}
        )
        channel = Channel(prefetch_count=PREFETCH, publisher_confirms=True, on_return_raises=True)
        self._broker = RabbitBroker(load.broker_url, default_channel=channel, logger=None)
        self._broker.subscriber(self._queue)(self._handle)
        self._consumed = 0
        self._more = asyncio.Event()

    async def _handle(self, message: Bed) -> None:
        self._consumed += 1 if message.version else 0
        self._more.set()

    async def measure(self, load: PeerLoad) -> list[Figure]:
        """Return the latency of one hop alone, and the rate."""
        async with self._broker:
            await self._broker.start()
            await self._rate(load.messages // 10)
            alone = [await self._one() for _ in range(load.in_sequence)]
            rate = await self._rate(load.messages)
        figures = latencies("peers", SUBJECT, "one hop", alone)
        return [*figures, Figure("peers", SUBJECT, "one hop, rate", rate, PER_SECOND, load.messages)]

    async def _one(self) -> float:
        began = time.perf_counter()
        target = self._consumed + 1
        await self._publish()
        await self._until(target)
        return time.perf_counter() - began

    async def _rate(self, count: int) -> float:
        target = self._consumed + count
        remaining = iter(range(count))
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(PUBLISHERS):
                group.create_task(self._publish_all(remaining))
        await self._until(target)
        return count / (time.perf_counter() - began)

    async def _publish_all(self, remaining: Iterator[int]) -> None:
        for _ in remaining:
            await self._publish()

    async def _publish(self) -> None:
        await self._broker.publish(bed(), queue=self._queue, persist=True, mandatory=True)

    async def _until(self, total: int) -> None:
        async with asyncio.timeout(SECONDS):
            while self._consumed < total:
                self._more.clear()
                await self._more.wait()


async def main() -> None:
    """Measure, and write the figures as one line."""
    load = PeerLoad.from_environment()
    sys.stdout.write(dump_figures(await Hop(load).measure(load)) + "\n")


if __name__ == "__main__":
    uvloop.run(main())
