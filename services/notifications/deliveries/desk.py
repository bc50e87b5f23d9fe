"""The desk: runs rounds when there is news, when attempts end, when something is due, and at least every second."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

import structlog

from services.chassis.clock import Chance
from services.chassis.errors import DoorstroomError
from services.chassis.timers import Timer
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.notifications.channels.port import Carrier, Channel, Channels
from services.notifications.deliveries.lanes import Lanes
from services.notifications.deliveries.rounds import Given, Rounds, Turn
from services.notifications.deliveries.seals import Seals
from services.notifications.store import subscriptions
from services.notifications.store.inbox import StoredNotification

LOOK_SECONDS = 1.0
"""How often it is looked whether there is news that nobody told of."""
RENEW_SECONDS = 5.0
MOST_LANES = 5000
END_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Desk(Channel):
    """Brings what subscriptions select, through whichever carriers there are."""

    name = "deliveries"

    def __init__(
        self, transactions: Transactions, carriers: Sequence[Carrier], channels: Channels, seals: Seals, chance: Chance
    ) -> None:
        self.carriers: Mapping[str, Carrier] = {carrier.name: carrier for carrier in carriers}
        self.seals = seals
        self._transactions = transactions
        self._name = chance(8).hex() if carriers else ""
        self._rounds = Rounds(self._name, self.carriers, channels, seals, chance)
        self._timer = Timer("deliveries", transactions.clock, self.round, LOOK_SECONDS)
        self._lanes = Lanes(self.carriers, transactions.clock, self._timer.wake)
        self._news: set[str] = set()
        self._looked = self._renewed = float("-inf")

    @property
    def background(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """Its rounds, as far as there is anything to bring."""
        return {"deliveries": self._run} if self.carriers else {}

    def stored(self, stored: Sequence[StoredNotification]) -> None:
        """There is news for these."""
        self._news.update(item.recipient for item in stored)
        self._timer.wake()

    def look(self) -> None:
        """An owner has changed something: look at everything now."""
        self._looked = self._renewed = float("-inf")
        self._timer.wake()

    async def round(self) -> datetime | None:
        """Do what there is to do now, and begin what follows; gives when there is something again."""
        loop = asyncio.get_running_loop()
        looks = loop.time() - self._looked >= LOOK_SECONDS
        attempts, news = list(self._lanes.attempts), self._news
        self._news = set()
        room = MOST_LANES - len(self._lanes)
        if (
            looks
            and not attempts
            and not len(self._lanes)
            and not await self._transactions.read(subscriptions.has_work)
        ):
            self._looked = loop.time()
            return await self._transactions.read(subscriptions.next_due)
        given = Given(attempts, self._lanes.idle, None if looks else news, room, self._lanes.versions())
        try:
            turn = await self._transactions.run(partial(self._rounds.run, given=given))
            await self._renew(loop.time())
        except BaseException:
            self._news |= news
            raise
        if looks:
            self._looked = loop.time()
        del self._lanes.attempts[: len(attempts)]
        return self._follow(turn)

    def _follow(self, turn: Turn) -> datetime | None:
        self._lanes.forget(turn.released)
        self._lanes.halt(turn.changed)
        for load in turn.loads:
            self._lanes.take(load)
        self._news |= turn.more
        return self._transactions.clock() if turn.more else turn.due_at

    async def _renew(self, now: float) -> None:
        """Say that this process still works on what it works on; and see what was changed, or taken from it."""
        if not len(self._lanes) or now - self._renewed < RENEW_SECONDS:
            return
        kept = await self._transactions.run(partial(subscriptions.renew, name=self._name))
        known = self._lanes.versions()
        self._lanes.forget([id_ for id_ in known if id_ not in kept])
        self._lanes.halt([id_ for id_, version in kept.items() if known.get(id_) != version])
        self._renewed = now

    async def _run(self) -> None:
        if not self._transactions.database.is_postgresql:
            # Nobody else can be working on anything: whoever did has ended.
            await self._transactions.run(partial(subscriptions.release, name=None))
        try:
            await self._timer.run()
        finally:
            await self._end()

    async def _end(self) -> None:
        """Store what is known of what was brought, and leave the rest to others."""
        await self._lanes.close()
        for carrier in self.carriers.values():
            await carrier.close()
        given = Given(list(self._lanes.attempts), (), frozenset(), 0, {})
        try:
            async with asyncio.timeout(END_SECONDS):
                await self._transactions.run(partial(self._last, given=given))
        except (DoorstroomError, TimeoutError):
            log.warning("deliveries-not-released", attempts=len(given.attempts))

    async def _last(self, unit: UnitOfWork, given: Given) -> None:
        await self._rounds.run(unit, given)
        await subscriptions.release(unit, self._name)
