"""What is on its way at this moment: a lane for each subscription, so that nobody waits behind anybody else's receiver.

A lane begins with one attempt at a time, takes twice as many after each that went well, and one again after a failure.
Lanes whose endpoint has been failing share half of the places that there are: the others are always free for the rest.
An attempt that takes long only waits for its receiver: it keeps its line, and gives its place to another. So many that
have just died, and are not known to, hold nobody up either.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog

from services.chassis.clock import Clock
from services.notifications.channels.port import Carrier, Endpoint, Parcel
from services.notifications.domain.outcomes import Outcome, Verdict

LANE_WIDTH = 16
"""The most attempts at one endpoint at a time."""
PLACES = 1000
"""The most attempts of this process at a time that are not slow."""
LINES = 5000
"""The most attempts of this process at a time, those included that only wait for their receiver."""
SLOW_SECONDS = 1.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Load:
    """What a lane is given to do."""

    endpoint: Endpoint
    channel: str
    version: int
    """Of the subscription; another one means that its owner changed something."""
    failing: bool
    parcels: Sequence[Parcel]
    """None: the endpoint is to be asked whether it wants anything at all."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that is over; without parcels it was an introduction."""

    subscription_id: UUID
    parcels: Sequence[Parcel]
    outcome: Outcome
    started_at: datetime
    milliseconds: int


@dataclass(slots=True)
class _Lane:
    carrier: Carrier
    load: Load
    waiting: deque[Parcel]
    introduces: bool
    busy: int = 0
    width: int = 1
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def idle(self) -> bool:
        return not self.waiting and not self.busy and not self.introduces


class Lanes:
    """The lanes of this process."""

    def __init__(self, carriers: Mapping[str, Carrier], clock: Clock, ended: Callable[[], None]) -> None:
        """`ended` is called after each attempt."""
        self._carriers = carriers
        self._clock = clock
        self._ended = ended
        self._lanes: dict[UUID, _Lane] = {}
        self._lines = asyncio.Semaphore(LINES)
        self._places = asyncio.Semaphore(PLACES)
        self._places_of_failing = asyncio.Semaphore(PLACES // 2)
        self.attempts: list[Attempt] = []
        """Those that are over and not stored yet."""

    def __len__(self) -> int:
        return len(self._lanes)

    @property
    def idle(self) -> list[UUID]:
        """The subscriptions whose lane has nothing to do any more."""
        return [id_ for id_, lane in self._lanes.items() if lane.idle]

    def versions(self) -> dict[UUID, int]:
        """Of which state of each subscription this process knows."""
        return {id_: lane.load.version for id_, lane in self._lanes.items()}

    def take(self, load: Load) -> None:
        """Begin with this, in the lane of its subscription."""
        id_ = load.endpoint.subscription_id
        lane = self._lanes.get(id_)
        if lane is None:
            lane = self._lanes[id_] = _Lane(self._carriers[load.channel], load, deque(), introduces=False)
        lane.load = load
        lane.waiting.extend(load.parcels)
        lane.introduces = not load.parcels
        self._start(lane)

    def halt(self, ids: Collection[UUID]) -> None:
        """Begin nothing more of what these were given; what is under way goes on to its end."""
        for id_ in ids:
            if lane := self._lanes.get(id_):
                lane.waiting.clear()

    def forget(self, ids: Collection[UUID]) -> None:
        """These are somebody else's now, or nobody's."""
        self.halt(ids)
        for id_ in ids:
            self._lanes.pop(id_, None)

    async def close(self) -> None:
        """Break off what is under way."""
        tasks = [task for lane in self._lanes.values() for task in lane.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._lanes.clear()

    def _start(self, lane: _Lane) -> None:
        while (lane.introduces or lane.waiting) and lane.busy < lane.width:
            together = 0 if lane.introduces else min(lane.carrier.together, len(lane.waiting))
            lane.introduces = False
            lane.busy += 1
            parcels = [lane.waiting.popleft() for _ in range(together)]
            lane.tasks.add(task := asyncio.create_task(self._run(lane, parcels)))
            task.add_done_callback(lane.tasks.discard)

    async def _run(self, lane: _Lane, parcels: Sequence[Parcel]) -> None:
        attempt = await self._at_a_place(lane, parcels)
        lane.busy -= 1
        lane.width = min(2 * lane.width, LANE_WIDTH) if attempt.outcome.verdict is Verdict.DELIVERED else 1
        self.attempts.append(attempt)
        self._start(lane)
        self._ended()

    async def _at_a_place(self, lane: _Lane, parcels: Sequence[Parcel]) -> Attempt:
        if lane.load.failing:
            async with self._places_of_failing:
                return await self._within_bounds(lane, parcels)
        return await self._within_bounds(lane, parcels)

    async def _within_bounds(self, lane: _Lane, parcels: Sequence[Parcel]) -> Attempt:
        async with self._lines:
            await self._places.acquire()
            with _leaving(self._places):
                return await self._attempt(lane, parcels)

    async def _attempt(self, lane: _Lane, parcels: Sequence[Parcel]) -> Attempt:
        started_at, before = self._clock(), asyncio.get_running_loop().time()
        outcome = await outcome_within_bounds(lane.carrier, lane.load.endpoint, parcels)
        milliseconds = round(1000 * (asyncio.get_running_loop().time() - before))
        return Attempt(lane.load.endpoint.subscription_id, parcels, outcome, started_at, milliseconds)


@dataclass(slots=True)
class _Place:
    places: asyncio.Semaphore
    is_left: bool = False

    def leave(self) -> None:
        if not self.is_left:
            self.is_left = True
            self.places.release()


@contextmanager
def _leaving(places: asyncio.Semaphore) -> Iterator[None]:
    """Give a place back when this is over, or when it turns out to be slow."""
    place = _Place(places)
    slow = asyncio.get_running_loop().call_later(SLOW_SECONDS, place.leave)
    try:
        yield
    finally:
        slow.cancel()
        place.leave()


async def outcome_within_bounds(carrier: Carrier, endpoint: Endpoint, parcels: Sequence[Parcel]) -> Outcome:
    """What one attempt leads to, whatever the carrier does. Without parcels it is an introduction. Raises nothing."""
    try:
        async with asyncio.timeout(carrier.timeout_seconds):
            return await (carrier.deliver(endpoint, parcels) if parcels else carrier.introduce(endpoint))
    except TimeoutError:
        return Outcome(Verdict.FAILED, "timed-out")
    except Exception:
        # A mistake of ours must not stop the lane, nor lose the delivery.
        log.exception("carrier-failed", channel=carrier.name)
        return Outcome(Verdict.FAILED, "internal-error")
