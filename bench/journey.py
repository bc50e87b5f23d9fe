"""One journey, from a post to its event on an open stream, and three ways to drive it.

Whoever can be posted to and watched is a `Journey`: the floor and the product are driven by the same code, with the
same client, so that their figures differ only by what they do themselves.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bench.measure import (
    MEGABYTES,
    MILLISECONDS,
    PER_SECOND,
    BenchError,
    Figure,
    latencies,
    percentile,
    processor_seconds,
    resident_megabytes,
)

JOURNEYS = "posted, stored at each hop, seen"
ARRIVAL_SECONDS = 30.0
"""How long a posted thing may take before the measurement fails; a lost message must not hang the bench."""


class Arrivals:
    """When each event was first seen at the far end. It may be seen before the answer to its post is."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.instants: dict[str, float] = {}
        self._more = asyncio.Event()

    def saw(self, key: str) -> None:
        """Record that an event arrived now; one that comes a second time changes nothing."""
        self.instants.setdefault(key, time.perf_counter())
        self._more.set()

    async def until(self, total: int) -> None:
        """Wait until so many different events were seen; raises BenchError when that takes too long."""
        try:
            async with asyncio.timeout(ARRIVAL_SECONDS):
                while len(self.instants) < total:
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError as error:
            message = f"{total - len(self.instants)} of what was posted did not reach the stream in time."
            raise BenchError(message) from error


class Journey(Protocol):
    """Something that takes posts and shows one event for each on a stream."""

    @property
    def arrivals(self) -> Arrivals:
        """What was seen on the stream."""
        ...

    async def post(self) -> str:
        """Post one; return the key that the answer gave it."""
        ...

    async def posted(self, events: Sequence[str]) -> Mapping[str, str]:
        """Return, for the key of each event, the key of the post that caused it."""
        ...


@dataclass(frozen=True, slots=True)
class Load:
    """How much is posted: enough to tell a p99, and bounded."""

    warm_up: int
    alone: int
    rate_per_second: int
    rate_seconds: int
    sustained: int
    clients: int
    peer_messages: int


FULL = Load(
    warm_up=100, alone=500, rate_per_second=100, rate_seconds=15, sustained=5000, clients=64, peer_messages=5000
)
QUICK = Load(warm_up=20, alone=100, rate_per_second=100, rate_seconds=3, sustained=1000, clients=64, peer_messages=1000)


@dataclass(slots=True)
class Sent:
    """What was posted: when each post was due, and how late the generator began it, in seconds."""

    due: dict[str, float] = field(default_factory=dict)
    lateness: list[float] = field(default_factory=list)


async def alone(journey: Journey, samples: int) -> list[float]:
    """Post one after another, each when the one before was seen; return the durations in seconds."""
    sent = Sent()
    seen = len(journey.arrivals.instants)
    for number in range(1, samples + 1):
        began = time.perf_counter()
        sent.due[await journey.post()] = began
        await journey.arrivals.until(seen + number)
    return await _durations(journey, sent)


async def at_rate(journey: Journey, rate_per_second: int, seconds: int) -> tuple[list[float], list[float]]:
    """Post at a fixed rate, whatever the answers do (open loop); return the durations, and how late each post began.

    Each duration counts from the instant at which the post was due, so that a stall is counted against every post that
    it delayed: no coordinated omission.
    """
    loop = asyncio.get_running_loop()
    sent = Sent()
    tasks: list[asyncio.Task[None]] = []
    seen = len(journey.arrivals.instants)

    def begin(due: float) -> None:
        sent.lateness.append(time.perf_counter() - due)
        tasks.append(loop.create_task(_post_due(journey, sent, due)))

    await asyncio.to_thread(_pace, loop, begin, rate_per_second, seconds)
    await asyncio.gather(*tasks)
    await journey.arrivals.until(seen + rate_per_second * seconds)
    return await _durations(journey, sent), sent.lateness


async def sustained(journey: Journey, count: int, clients: int) -> float:
    """Post as fast as a number of clients can, each when its last post was answered; return arrivals per second."""
    remaining = iter(range(count))
    seen = len(journey.arrivals.instants)
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(_post_all(journey, remaining))
    await journey.arrivals.until(seen + count)
    return count / (time.perf_counter() - began)


async def _post_due(journey: Journey, sent: Sent, due: float) -> None:
    sent.due[await journey.post()] = due


async def _post_all(journey: Journey, remaining: Iterator[int]) -> None:
    for _ in remaining:
        await journey.post()


async def _durations(journey: Journey, sent: Sent) -> list[float]:
    instants = journey.arrivals.instants
    causes = await journey.posted(list(instants))
    arrived = {cause: instants[event] for event, cause in causes.items()}
    lost = len(sent.due.keys() - arrived.keys())
    if lost:
        message = f"{lost} of what was posted has no event of its own on the stream."
        raise BenchError(message)
    return [arrived[key] - due for key, due in sent.due.items()]


def _pace(loop: asyncio.AbstractEventLoop, begin: Callable[[float], None], rate_per_second: int, seconds: int) -> None:
    """Call `begin` in the loop at each instant due. A thread's sleep is finer than the loop's timers of 1 ms."""
    first = time.perf_counter() + 0.1
    for number in range(rate_per_second * seconds):
        due = first + number / rate_per_second
        time.sleep(max(0.0, due - time.perf_counter()))
        loop.call_soon_threadsafe(begin, due)


async def drive(
    journey: Journey, subject: str, load: Load, scenarios: frozenset[str], processes: Mapping[str, int]
) -> list[Figure]:
    """Drive a journey; return the figures of scenarios "a" (alone, and at a rate) and "b" (as fast as it goes).

    `processes` are the numbers of the subject's processes by name: their memory after the load is a figure as well.
    """
    await alone(journey, load.warm_up)
    figures = await _latencies(journey, subject, load) if "a" in scenarios else []
    figures += await _rate(journey, subject, load, processes) if "b" in scenarios else []
    for name, process_id in processes.items():
        figures.append(Figure("d", subject, f"resident, {name}", resident_megabytes(process_id), MEGABYTES, 1))
    return figures


async def _rate(journey: Journey, subject: str, load: Load, processes: Mapping[str, int]) -> list[Figure]:
    """Measure the sustained rate, and what each process spends on one journey: it tells where a limit comes from."""
    watched = {**processes, "client of the bench": os.getpid()}
    before = {name: processor_seconds(process_id) for name, process_id in watched.items()}
    rate = await sustained(journey, load.sustained, load.clients)
    figures = [Figure("b", subject, JOURNEYS, rate, PER_SECOND, load.sustained)]
    for name, process_id in watched.items():
        spent = (processor_seconds(process_id) - before[name]) / load.sustained * 1000
        figures.append(Figure("b", subject, f"processor per journey, {name}", spent, MILLISECONDS, load.sustained))
    return figures


async def _latencies(journey: Journey, subject: str, load: Load) -> list[Figure]:
    figures = latencies("a", subject, "alone", await alone(journey, load.alone))
    durations, lateness = await at_rate(journey, load.rate_per_second, load.rate_seconds)
    name = f"at {load.rate_per_second}/s"
    late_by = percentile(lateness, 0.99) * 1000
    late = Figure("a", subject, f"{name}, generator late by, p99", late_by, MILLISECONDS, len(lateness))
    return [*figures, *latencies("a", subject, name, durations), late]
