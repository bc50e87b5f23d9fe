"""An event loop whose time passes only when there is nothing to do, and whose order a seed decides."""

import asyncio
import random
import selectors
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning."""


class NothingLeft(Exception):
    """Nothing is ready and nothing is due: whoever waits would wait for ever."""


class _Still(selectors.BaseSelector):
    """No line to anywhere is ever ready; to wait is to let time pass."""

    def __init__(self) -> None:
        self.passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingLeft
        self.passed += max(timeout, 0.0)
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
        self._still = _Still()
        super().__init__(self._still)
        self._clock_resolution = 1e-6
        self.leapt_seconds = 0.0
        """How far all wall clocks went on at once, while nothing happened."""
        self._chance = chance

    def time(self) -> float:
        """Seconds since the loop was made, of the time that it makes up."""
        return self._still.passed

    def _run_once(self) -> None:
        if len(self._ready) > 1:
            shuffled = list(self._ready)
            self._chance.shuffle(shuffled)
            self._ready.clear()
            self._ready.extend(shuffled)
        super()._run_once()  # type: ignore[misc] # the loop's own step


class SeededClock:
    """The wall clock of one process: the loop's time, and how far it is off."""

    def __init__(self, loop: SeededLoop) -> None:
        self._loop = loop
        self.off_seconds = 0.0

    def __call__(self) -> datetime:
        """The moment as this process sees it."""
        return START + timedelta(seconds=self._loop.time() + self._loop.leapt_seconds + self.off_seconds)
