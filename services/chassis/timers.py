"""Work that is due at a moment, not at a message: done by whichever replica gets there first."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from services.chassis.background import set_within
from services.chassis.clock import Clock
from services.chassis.errors import Conflict, Unavailable
from services.chassis.unit_of_work import Transactions, UnitOfWork

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
SHORTEST_PAUSE_SECONDS = 0.01


async def do_when_due(
    transactions: Transactions,
    look: Callable[[UnitOfWork], Awaitable[datetime | None]],
    work: Callable[[], Awaitable[datetime | None]],
) -> datetime | None:
    """Do `work` if the moment that `look` gives has come; gives the next one.

    Nearly always nothing is due, and to look holds nothing. Whether something is due when its transaction has begun,
    `work` finds out by itself.
    """
    due = await transactions.read(look)
    return due if due is None or due > transactions.clock() else await work()


class Timer:
    """Calls `work` when the moment that it named last has come, when woken, and at least once a poll.

    `work` does what is due now and gives the next moment something will be, or None. It must be safe to call at any
    time and in several replicas at once: it decides by the state in the database, never by having been called.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        work: Callable[[], Awaitable[datetime | None]],
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self.name = name
        self._clock = clock
        self.work = work
        self._poll_seconds = poll_seconds
        self._woken = asyncio.Event()

    def wake(self, _payload: str = "") -> None:
        """Something may be due earlier than was thought."""
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self._woken.clear()
            try:
                due = await self.work()
            except (Unavailable, Conflict) as error:
                log.warning("timer-delayed", timer=self.name, reason=error.detail)
                due = None
            await set_within(self._woken, self._pause_seconds(due))

    def _pause_seconds(self, due: datetime | None) -> float:
        if due is None:
            return self._poll_seconds
        # The poll is the backstop against a clock that jumps and a wake-up that was lost.
        return min(max((due - self._clock()).total_seconds(), SHORTEST_PAUSE_SECONDS), self._poll_seconds)
