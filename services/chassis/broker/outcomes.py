"""The outcomes of messages that are published together, filled in one by one as the broker answers."""

import asyncio

from services.chassis.broker.port import NotConfirmed, PublishError, Unroutable

AWAY = NotConfirmed("The broker is not connected; the message was not sent.")
FULL = NotConfirmed("Too much waits for confirmation already; the message was not sent.")
IN_FLIGHT = NotConfirmed("A message with the same id is in flight; its outcome decides.")
REFUSED = NotConfirmed("The broker refused the message; try again later.")
UNANSWERED = NotConfirmed("The broker did not confirm the message in time; it may or may not have arrived.")
UNROUTABLE = Unroutable("No queue is bound for the routing key: declare the topology of its consumer.")


class Batch:
    """One outcome for each message; `done` is set when none is open."""

    __slots__ = ("_outcomes", "done", "open")

    def __init__(self, size: int) -> None:
        """Begin with every outcome unanswered: nothing is confirmed until the broker says so."""
        self._outcomes: list[PublishError | None] = [UNANSWERED] * size
        self.open = size
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def outcomes(self) -> tuple[PublishError | None, ...]:
        """What is known at this moment; what comes later no longer changes it."""
        return tuple(self._outcomes)

    def settle(self, index: int, outcome: PublishError | None) -> None:
        """Fix the outcome of one message."""
        self._outcomes[index] = outcome
        self.open -= 1
        if not self.open and not self.done.done():
            self.done.set_result(None)

    async def wait(self, seconds: float) -> bool:
        """Wait until no outcome is open, at most so many seconds; False when some still are."""
        try:
            async with asyncio.timeout(seconds):
                await self.done
        except TimeoutError:
            return False
        return True
