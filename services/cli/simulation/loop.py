"""An event loop whose time passes only when there is nothing to do, and whose order a seed decides."""

import asyncio
import heapq
import random
import selectors
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextvars import Context
from datetime import UTC, datetime, timedelta
from typing import TypeVarTuple

_Given = TypeVarTuple("_Given")

RESOLUTION_SECONDS = 1e-6
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning."""


class NothingLeft(Exception):
    """Nothing is ready and nothing is due: whoever waits would wait for ever."""


class _Nowhere(selectors.BaseSelector):
    """No line to anywhere is ever ready, so nobody asks."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:  # noqa: ARG002 - the selector's signature
        return []

    def register(self, fileobj: object, events: int, data: object = None) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, -1, events, data)  # type: ignore[arg-type] # the loop's own line to itself

    def unregister(self, fileobj: object) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, -1, 0, None)  # type: ignore[arg-type] # as above

    def get_map(self) -> Mapping[object, selectors.SelectorKey]:  # type: ignore[override] # nothing is ever looked up
        return {}

    def get_key(self, fileobj: object) -> selectors.SelectorKey:
        raise KeyError(fileobj)


class SeededLoop(asyncio.SelectorEventLoop):
    """Runs what is ready in an order that `chance` decides. The same chance gives the same order."""

    _ready: deque[asyncio.Handle]

    def __init__(self, chance: random.Random) -> None:
        super().__init__(_Nowhere())
        self._passed = 0.0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        """By their moments, and those of one moment in the order in which they were set."""
        self._set_so_far = 0
        self.leapt_seconds = 0.0
        """How far all wall clocks went on at once, while nothing happened."""
        self._chance = chance

    def time(self) -> float:
        """Seconds since the loop was made, of the time that it makes up."""
        return self._passed

    def call_soon(
        self,
        callback: Callable[[*_Given], object],
        *args: *_Given,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """As the loop's own, without its looking for mistakes of who calls it."""
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[[*_Given], object],
        *args: *_Given,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """As the loop's own, with a heap of plain numbers."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        self._set_so_far += 1
        heapq.heappush(self._timers, (when, self._set_so_far, timer))
        return timer

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is passed over when its moment comes."""

    def _run_once(self) -> None:
        """The loop's own step, without the lines to anywhere and the debugging that it has no use for here."""
        ready = self._ready
        if len(ready) > 1:
            shuffled = list(ready)
            self._chance.shuffle(shuffled)
            ready.clear()
            ready.extend(shuffled)
        ready.extend(self._due())
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:  # noqa: SLF001 - as the loop's own step does
                handle._run()  # noqa: SLF001 - as above

    def _due(self) -> Iterator[asyncio.TimerHandle]:
        """What its time has come for; when nothing is ready, time passes until something is. Raises NothingLeft."""
        timers = self._timers
        while timers and timers[0][2]._cancelled:  # noqa: SLF001 - as the loop's own step does
            heapq.heappop(timers)
        if not self._ready:
            if not timers:
                raise NothingLeft
            self._passed = max(self._passed, timers[0][0])
        latest = self._passed + RESOLUTION_SECONDS
        while timers and timers[0][0] < latest:
            yield heapq.heappop(timers)[2]


class SeededClock:
    """The wall clock of one process: the loop's time, and how far it is off."""

    def __init__(self, loop: SeededLoop) -> None:
        self._loop = loop
        self.off_seconds = 0.0

    def __call__(self) -> datetime:
        """The moment as this process sees it."""
        return START + timedelta(seconds=self._loop.time() + self._loop.leapt_seconds + self.off_seconds)
