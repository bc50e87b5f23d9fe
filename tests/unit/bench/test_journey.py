"""The drivers of the bench: what they count as a duration, and what they refuse to count."""

import asyncio
import time
from collections.abc import Mapping, Sequence

import pytest

from bench import journey as driver
from bench.journey import Arrivals, alone, at_rate, sustained
from bench.measure import BenchError, percentile

STALL_SECONDS = 0.25
RATE_PER_SECOND = 100


class Echo:
    """A journey that shows each post at once, except that its whole loop stalls when post `stalls_at` comes."""

    def __init__(self, *, stalls_at: int | None = None, loses: int | None = None) -> None:
        """Stall at one post, or lose one, or neither."""
        self.arrivals = Arrivals()
        self._stalls_at = stalls_at
        self._loses = loses
        self._count = 0

    async def post(self) -> str:
        """Show the event before the answer, as a real server may."""
        self._count += 1
        key = str(self._count)
        if self._count == self._stalls_at:
            time.sleep(STALL_SECONDS)  # noqa: ASYNC251 - a stalled subject is what is tested
        if self._count != self._loses:
            self.arrivals.saw(f"event-{key}")
        return key

    async def posted(self, events: Sequence[str]) -> Mapping[str, str]:
        """Tell which post an event came from."""
        return {event: event.removeprefix("event-") for event in events}


def test_a_stall_is_charged_to_every_post_that_it_delays() -> None:
    """An open loop keeps its schedule: posts that were due during a stall are late, not left out."""
    durations, _ = asyncio.run(at_rate(Echo(stalls_at=10), RATE_PER_SECOND, seconds=1))

    delayed = [duration for duration in durations if duration > STALL_SECONDS / 5]
    assert len(durations) == RATE_PER_SECOND
    assert len(delayed) >= STALL_SECONDS * RATE_PER_SECOND / 2
    assert max(durations) >= STALL_SECONDS


def test_posts_alone_are_each_measured() -> None:
    """In sequence there is one duration for each post, and none is negative though the event precedes the answer."""
    durations = asyncio.run(alone(Echo(), 20))

    assert len(durations) == 20
    assert percentile(durations, 0.0) > 0


def test_a_sustained_rate_counts_what_arrived() -> None:
    """The rate is arrivals over the whole time, a stall included."""
    rate = asyncio.run(sustained(Echo(stalls_at=5), 50, clients=4))

    assert 0 < rate <= 50 / STALL_SECONDS


def test_a_lost_message_fails_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    """A subject that loses what it took has no figure."""
    monkeypatch.setattr(driver, "ARRIVAL_SECONDS", 0.1)

    with pytest.raises(BenchError, match="did not reach"):
        asyncio.run(sustained(Echo(loses=3), 10, clients=2))


def test_an_event_that_comes_twice_counts_once() -> None:
    """A repeated delivery neither adds an arrival nor moves the first."""
    arrivals = Arrivals()
    arrivals.saw("event")
    first = dict(arrivals.instants)

    arrivals.saw("event")

    assert arrivals.instants == first
