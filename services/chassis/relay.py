"""Moves committed events from the outbox to the broker: at once, and never marked sent without its confirmation.

Two roads lead there. The *fresh* road publishes what a transaction of this process has just committed, from memory,
so no event waits for a query. The *sweep* takes from the table whatever the fresh road did not finish: a broker that
was away, a process that died, a row written by another process. A message may travel twice; the inbox at the other
end makes that harmless.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Executable, Select, Table, Uuid, bindparam, or_, select, update
from sqlalchemy.types import TypeEngine

from services.chassis import tracing
from services.chassis.background import set_within
from services.chassis.broker.port import Broker, Message
from services.chassis.clock import Clock
from services.chassis.database import Database, UtcDateTime, list_parameters, listed, one_of
from services.chassis.errors import DoorstroomError
from services.chassis.measures import Measures
from services.chassis.unit_of_work import CLAIM_SECONDS

OUTBOX_CHANNEL = "outbox"
"""NOTIFY on this channel makes every relay of the database look at once."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Until when a claim ran that was given up. A row without any claim is to be said again, whatever was confirmed."""

LOGGED_IDS = 5
"""How many of the messages that could not be published a log line names."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message, and until when this relay may publish it: it marks what it still has by just this claim."""

    message: Message
    until: datetime


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """Bounds of one relay."""

    batch: int = 500
    publishers: int = 4
    fresh_limit: int = 10_000
    poll_seconds: float = 1.0
    longest_pause_seconds: float = 5.0
    settle_pause_seconds: float = 0.25


class Relay:
    """Publishes one service's outbox."""

    def __init__(
        self,
        database: Database,
        outbox: Table,
        broker: Broker,
        clock: Clock,
        settings: RelaySettings | None = None,
        measures: Measures | None = None,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._unclaimed = _unclaimed(outbox, (settings or RelaySettings()).batch)
        self._broker = broker
        self._clock = clock
        self._settings = settings or RelaySettings()
        self._measures = measures or Measures()
        self._fresh: deque[Claimed] = deque()
        self._confirmed: list[Claimed] = []
        self._refused: list[Claimed] = []
        self._has_fresh = asyncio.Event()
        self._has_outcome = asyncio.Event()
        self._look = asyncio.Event()
        self._ending = asyncio.Event()
        self._swept = asyncio.Event()
        self._running = False
        self._unsettled = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def hand_over(self, messages: Sequence[Message], claimed_until: datetime) -> None:
        """Publish these as soon as possible. What does not fit stays in the table, and the sweep finds it."""
        room = self._settings.fresh_limit - len(self._fresh)
        taken = messages[:room]
        self._fresh.extend(Claimed(message, claimed_until) for message in taken)
        self._begin(len(taken))
        self._has_fresh.set()

    def wake(self, _payload: str = "") -> None:
        """Look into the table now."""
        self._look.set()

    async def run(self) -> None:
        """Relay until cancelled."""
        await self._database.listen(OUTBOX_CHANNEL, self.wake)
        if not self._broker.shared:
            await self._release_claims()
        self._running = True
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(self._settings.publishers):
                    tasks.create_task(self._publish_fresh())
                tasks.create_task(self._settle_forever())
                tasks.create_task(self._sweep_forever())
        finally:
            self._running = False
            self._swept.set()

    async def drain(self, seconds: float) -> bool:
        """Before the end: wait, at most this long, until everything that lay here has been published and marked."""
        self._ending.set()
        try:
            async with asyncio.timeout(seconds):
                if self._running:
                    self._swept.clear()
                    self._look.set()
                    await self._swept.wait()
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def _begin(self, count: int) -> None:
        self._unsettled += count
        self._idle.clear()

    def _end(self, count: int) -> None:
        self._unsettled -= count
        if not self._unsettled:
            self._idle.set()

    async def _release_claims(self) -> None:
        """What is claimed while nobody else can be publishing was claimed by a process that has ended."""
        outbox = self._outbox
        async with self._database.transaction() as connection:
            # Now, and not before it could begin: meanwhile something may have been handed over.
            fresh = {_id(claimed) for claimed in self._fresh}
            stale = update(outbox).where(outbox.c.sent_at.is_(None), outbox.c.id.not_in(fresh))
            await connection.execute(stale.values(claimed_until=None))

    async def _publish_fresh(self) -> None:
        while True:
            await self._has_fresh.wait()
            batch = [self._fresh.popleft() for _ in range(min(len(self._fresh), self._settings.batch))]
            if not self._fresh:
                self._has_fresh.clear()
            if batch:
                await self._publish(batch)

    async def _publish(self, batch: Sequence[Claimed]) -> int:
        """Publish, and note each message's own outcome. Gives the number confirmed."""
        messages = [claimed.message for claimed in batch]
        steps = tracing.publishing(messages)
        outcomes = await self._broker.publish(messages)
        for step, error in zip(steps, outcomes, strict=bool(steps)):
            step.end(None if error is None else type(error).__name__)
        confirmed = [claimed for claimed, error in zip(batch, outcomes, strict=True) if error is None]
        refused = [(claimed, error) for claimed, error in zip(batch, outcomes, strict=True) if error is not None]
        self._confirmed.extend(confirmed)
        self._refused.extend(claimed for claimed, _ in refused)
        self._has_outcome.set()
        self._measures.confirmed.inc(len(confirmed))
        self._measures.failed.inc(len(refused))
        if refused:
            first = [claimed.message.message_id for claimed, _ in refused[:LOGGED_IDS]]
            log.warning("publish-failed", messages=len(refused), reason=str(refused[0][1]), first=first)
        return len(confirmed)

    async def _settle_forever(self) -> None:
        while True:
            await self._has_outcome.wait()
            # Nobody waits for the mark, so many outcomes share one transaction; until somebody does.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.settle_pause_seconds):
                    await self._ending.wait()
            self._has_outcome.clear()
            confirmed, self._confirmed = self._confirmed, []
            refused, self._refused = self._refused, []
            try:
                await self._settle(confirmed, refused)
            except DoorstroomError as error:
                # The claims run out by themselves and the messages are published again: at least once.
                log.warning("outbox-not-marked", messages=len(confirmed), reason=error.detail)
            finally:
                self._end(len(confirmed) + len(refused))

    async def _settle(self, confirmed: Sequence[Claimed], refused: Sequence[Claimed]) -> None:
        async with self._database.transaction() as connection:
            dialect = connection.dialect.name
            if confirmed:
                sent = {"sent_at": self._clock()} | _claims(dialect, confirmed)
                await connection.execute(_marking(dialect, self._outbox), sent)
            if refused:
                await connection.execute(_releasing(dialect, self._outbox), _claims(dialect, refused))

    async def _sweep_forever(self) -> None:
        pause = self._settings.poll_seconds
        while True:
            self._look.clear()
            try:
                healthy = await self._sweep()
            except DoorstroomError as error:
                log.warning("outbox-not-read", reason=error.detail)
                healthy = False
            self._swept.set()
            pause = self._settings.poll_seconds if healthy else min(pause * 2, self._settings.longest_pause_seconds)
            await set_within(self._look, pause)

    async def _sweep(self) -> bool:
        """Publish what lies unclaimed in the table until nothing is left. False when the broker refuses all of it."""
        while await self._lies_there() and (messages := await self._claim()):
            self._begin(len(messages))
            if not await self._publish(messages):
                return False
        return True

    async def _lies_there(self) -> bool:
        """Whether there is anything to claim: nearly always not, and to look holds nothing."""
        now = self._clock()
        moments = {"now": now, "latest": now + timedelta(seconds=2 * CLAIM_SECONDS)}
        async with self._database.reading() as connection:
            return bool(await connection.execute(_any_unclaimed(self._outbox), moments))

    async def _claim(self) -> list[Claimed]:
        """Take unsent rows that no relay is working on. No cursor: a row that commits late is still found."""
        now = self._clock()
        until = now + timedelta(seconds=CLAIM_SECONDS)
        latest = until + timedelta(seconds=CLAIM_SECONDS)
        async with self._database.transaction() as connection:
            rows = await connection.execute(self._unclaimed, {"now": now, "latest": latest})
            if rows:
                claimed = {"ids": [row.id for row in rows], "until": until}
                await connection.execute(_claiming(self._outbox), claimed)
        return [Claimed(Message(str(row.id), row.routing_key, row.body.encode()), until) for row in rows]


@lru_cache(maxsize=16)
def _unclaimed(outbox: Table, limit: int) -> Select[tuple[object, ...]]:
    """What no relay is working on."""
    waiting = select(outbox.c.id, outbox.c.routing_key, outbox.c.body).where(*_free(outbox))
    return waiting.order_by(outbox.c.id).limit(limit).with_for_update(skip_locked=True)


@lru_cache(maxsize=16)
def _any_unclaimed(outbox: Table) -> Select[tuple[object, ...]]:
    """It is asked every second, so it is built once."""
    return select(outbox.c.id).where(*_free(outbox)).limit(1)


def _free(outbox: Table) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    until = outbox.c.claimed_until
    # A claim that would last twice as long as any does was made by a clock that was wrong.
    free = or_(until.is_(None), until < bindparam("now"), until > bindparam("latest"))
    return outbox.c.sent_at.is_(None), free


def _id(claimed: Claimed) -> UUID:
    return UUID(claimed.message.message_id)


_CLAIM: Mapping[str, TypeEngine[Any]] = {"id": Uuid(), "until": UtcDateTime()}


def _claims(dialect: str, claimed: Sequence[Claimed]) -> dict[str, object]:
    return list_parameters(dialect, list(_CLAIM), [(_id(one), one.until) for one in claimed])


def _still_claimed(dialect: str, outbox: Table) -> Select[tuple[UUID]]:
    """Those that are not marked yet, and still claimed as when they were published.

    What lost its claim meanwhile is to be said again, for the broker has lost what it confirmed; and whoever has
    claimed it since may not have got round to that. Locked in one order, so that two relays which published the same
    rows do not stand in each other's way.
    """
    given = listed(dialect, _CLAIM)
    ours = (given.c.id == outbox.c.id) & (given.c.until == outbox.c.claimed_until)
    mine = select(outbox.c.id).join(given, ours).where(outbox.c.sent_at.is_(None))
    return mine.order_by(outbox.c.id).with_for_update(of=outbox)


@lru_cache(maxsize=32)
def _marking(dialect: str, outbox: Table) -> Executable:
    marked = update(outbox).where(outbox.c.id.in_(_still_claimed(dialect, outbox)))
    return marked.values(sent_at=bindparam("sent_at", type_=UtcDateTime))


@lru_cache(maxsize=32)
def _releasing(dialect: str, outbox: Table) -> Executable:
    return update(outbox).where(outbox.c.id.in_(_still_claimed(dialect, outbox))).values(claimed_until=LONG_AGO)


@lru_cache(maxsize=16)
def _claiming(outbox: Table) -> Executable:
    claim = update(outbox).where(one_of(outbox.c.id, "ids"))
    return claim.values(claimed_until=bindparam("until", type_=UtcDateTime))
