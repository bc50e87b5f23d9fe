"""One running service: its database, its messages and its timers, started and stopped in the right order."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import Table

from schemas.base import Message
from schemas.messages.delivery import QueueLost
from services.chassis import quarantine, retention
from services.chassis.audit import Follow, Journal, nothing_more
from services.chassis.background import Background
from services.chassis.broker.port import Broker
from services.chassis.broker.topology import Queue
from services.chassis.consumer import Consumer, Handler
from services.chassis.measures import Measures
from services.chassis.measures.readings import Reader, ServiceReadings, nothing_own
from services.chassis.migrations import migrate
from services.chassis.reconcile import say_again
from services.chassis.relay import Relay
from services.chassis.retention import Kept
from services.chassis.tables import MessageTables
from services.chassis.timers import Timer
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.chassis.web import Api
from services.chassis.web.health import Check

log = structlog.get_logger(__name__)

FLUSH_SECONDS = 5.0
HOUSEKEEPING_SECONDS = 300.0
HOUSEKEEPING_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Parts:
    """What a service is made of; its wiring puts it together."""

    name: str
    migrations: Path
    tables: MessageTables
    idempotency_keys: Table
    transactions: Transactions
    broker: Broker
    queue: Queue | None
    handlers: Mapping[type[Message], Handler]
    api: Api[UnitOfWork]
    retention: timedelta
    """How long messages stay on record."""
    keys_retention: timedelta = timedelta(hours=24)
    """How long a POST may be repeated with its key."""
    journal: Journal | None = None
    """Its audit log, where its own routes write into it."""
    kept: Sequence[Kept] = ()
    """What of its own is not kept for ever."""
    timers: Sequence[Timer] = ()
    follow_audit: Follow = nothing_more
    background: Mapping[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    at_start: Callable[[UnitOfWork], Awaitable[None]] | None = None
    """What must be done to its database before anybody is served."""
    readings: Reader = nothing_own
    """What is measured of this service alone and lies in its database."""


class Service:
    """A service that can be started, asked how it is, and stopped without losing anything."""

    def __init__(self, parts: Parts) -> None:
        self.name = parts.name
        self.journal = parts.journal or Journal(parts.transactions, parts.tables.audit, parts.follow_audit)
        self.api = replace(parts.api, journal=self.journal)
        self.transactions = parts.transactions
        self.tables = parts.tables
        self.parts = parts
        self._background = Background()
        measures = parts.transactions.measures = Measures(parts.name)
        database, clock = parts.transactions.database, parts.transactions.clock
        self._relay = Relay(database, parts.tables.outbox, parts.broker, clock, measures=measures)
        parts.transactions.hand_over = self._relay.hand_over
        self._consumer = self._make_consumer()

    def _make_consumer(self) -> Consumer | None:
        parts = self.parts
        if parts.queue is None:
            return None
        handlers: dict[type[Message], Handler] = {**parts.handlers, QueueLost: self._say_again}
        return Consumer(parts.transactions, parts.tables, parts.broker, parts.queue, handlers)

    async def migrate(self) -> None:
        """Bring the database to the newest schema, and do what comes before anybody is served.

        Raises DatabaseUnavailable, or whatever keeps the service from being served.
        """
        await migrate(self.transactions.database, self.parts.migrations)
        if self.parts.at_start is not None:
            await self.transactions.run(self.parts.at_start)

    async def start(self) -> None:
        """Begin to relay, to consume and to keep time. The broker may be away; it is waited for in the background."""
        self._background.start(f"{self.name}-relay", self._relay.run)
        if self._consumer is not None:
            self._background.start(f"{self.name}-consumer", self._consumer.run)
            self._background.start(f"{self.name}-dead-letters", self._consumer.collect_dead_letters)
        for timer in (*self.parts.timers, self.journal.sealing, self._housekeeping()):
            self._background.start(f"{self.name}-{timer.name}", timer.run)
        for name, work in self.parts.background.items():
            self._background.start(f"{self.name}-{name}", work)

    async def ask_again(self, missing: Sequence[Queue]) -> None:
        """Queues are not there: of ours, ask the others to say again what was in it; they ask us for theirs.

        Into one that we keep for somebody else, nobody but us puts anything: we say that again by ourselves.
        """
        for queue in missing:
            log.warning("queue-lost", service=self.name)
            if queue == self.parts.queue:
                await self.transactions.run(self._ask_again)
            else:
                await self.transactions.run(lambda unit, wanted=queue.bindings: self._say(unit, wanted))  # type: ignore[misc] # mypy cannot infer a lambda with a default

    async def _ask_again(self, unit: UnitOfWork) -> None:
        assert self.parts.queue is not None, "only who has a queue loses it"  # noqa: S101 - its caller looked
        bindings = list(self.parts.queue.bindings)
        lost = QueueLost(version=1, service=self.name, bindings=bindings, found_at=unit.now)
        unit.record(lost, unit.identifiers())

    async def _say_again(self, unit: UnitOfWork, lost: Sequence[QueueLost]) -> None:
        wanted = [pattern for message in lost if message.service != self.name for pattern in message.bindings]
        if wanted:
            await self._say(unit, wanted)

    async def _say(self, unit: UnitOfWork, wanted: Sequence[str]) -> None:
        await say_again(unit, self.tables.outbox, self.parts.retention, wanted)

    async def drain(self) -> bool:
        """Publish what is waiting, as far as that is possible in a few seconds; the rest stays in the outbox."""
        return await self._relay.drain(FLUSH_SECONDS)

    async def stop(self) -> None:
        """Give back what is not finished, and close the database."""
        await self._background.stop()
        await self.journal.finish()
        await self.transactions.database.close()

    @property
    def checks(self) -> dict[str, Check]:
        """What the service needs, each with a way to find out whether it has it now."""
        checks: dict[str, Check] = {f"{self.name}-database": self._has_database}
        consumer = self._consumer
        if consumer is not None:
            checks[f"{self.name}-broker"] = lambda: self.parts.broker.connected
            checks[f"{self.name}-consumer"] = lambda: consumer.consuming
        return checks

    @property
    def readings(self) -> ServiceReadings:
        """What is measured of it when somebody asks."""
        parts, consumer = self.parts, self._consumer
        return ServiceReadings(
            self.name,
            self.transactions,
            self.tables,
            parts.readings,
            connected=lambda: parts.broker.connected,
            consuming=lambda: consumer is not None and consumer.consuming,
        )

    async def _has_database(self) -> bool:
        await self.transactions.database.ping()
        return True

    def _housekeeping(self) -> Timer:
        return Timer("housekeeping", self.transactions.clock, self._keep_house, HOUSEKEEPING_SECONDS)

    async def _keep_house(self) -> datetime | None:
        """Forget a portion of what is older than it may get; nothing that waits for anyone is ever forgotten."""
        return await self.transactions.run(lambda unit: retention.forget(unit, self.kept, HOUSEKEEPING_BATCH))

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What is not kept for ever."""
        keep, keys = self.parts.retention, self.parts.idempotency_keys
        outbox, inbox, kept_back = self.tables.outbox, self.tables.inbox, self.tables.quarantine
        return (
            retention.rows("sent messages", keep, outbox, outbox.c.sent_at),
            retention.rows("received messages", keep, inbox, inbox.c.received_at),
            retention.rows("decided quarantine", keep, kept_back, kept_back.c.received_at, quarantine.is_decided),
            retention.rows("answers by their keys", self.parts.keys_retention, keys, keys.c.created_at),
            *self.parts.kept,
        )
