"""One transaction: what changed, and the events that say so, stored together or not at all."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Executable, Table
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from schemas import catalogue
from schemas.base import Message as EventData
from services.chassis import tracing
from services.chassis.broker.port import Message
from services.chassis.clock import Clock, Identifiers, system_clock
from services.chassis.database import Connection, Database, Insertion, Parameters, Rows, TransactionConflict, Write
from services.chassis.database.errors import translated
from services.chassis.database.writes import Pending
from services.chassis.errors import Conflict
from services.chassis.measures.families import Measures

T = TypeVar("T")

CONFLICT_ATTEMPTS = 8
_OUTBOX_COLUMNS = ("id", "routing_key", "body", "created_at", "claimed_until")
CLAIM_SECONDS = 10
"""How long an outbox row belongs to the relay that first saw it; after that, any relay may publish it."""


@dataclass(slots=True)
class UnitOfWork:
    """What a handler works with: the connection, the moment, new ids, and the events it records."""

    connection: Connection
    now: datetime
    identifiers: Identifiers
    source: str
    pending: list[Pending] = field(default_factory=list)
    outgoing: list[Message] = field(default_factory=list)
    after_commit: list[Callable[[], None]] = field(default_factory=list)
    clock: Clock = system_clock
    """For what is measured after the commit; whatever is decided is decided at `now`."""
    concerned: set[UUID] = field(default_factory=set)
    """The cases that were read or changed, for the audit log."""
    by_itself: dict[UUID, str] = field(default_factory=dict)
    """What the service did with further cases although nobody asked for it in particular, for the audit log."""
    touched: set[str] = field(default_factory=set)
    """The organisations whose objects were changed, where they can hear of it live."""

    async def execute(self, statement: Executable, parameters: Parameters = None) -> Rows:
        """Run one statement in this transaction, after what waits to be written."""
        with translated():
            if self.pending:
                await self._flush()
            return await self.connection.execute(statement, parameters)

    async def write(self, write: Write, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows no later than the next statement or the commit, together with what else waits by then.

        What the database refuses is raised there: use `execute` where a refusal must be caught.
        """
        if not rows:
            return
        if any(other.table is write.table for other, _ in self.pending):
            with translated():
                await self._flush()
        self.pending.append((write, rows))

    async def widen(self) -> None:
        """Act for everyone from now on: what follows from a request concerns others too.

        To be called when what the request names was found to be its organisation's, and not before. Without effect
        where nothing is confined, as for messages and timers.
        """
        with translated():
            await self.connection.widen()

    async def finish(self, outbox: Write) -> None:
        """Write what waits, and the events. Called once, before the commit."""
        if self.outgoing:
            await self.write(outbox, [self._row(message) for message in self.outgoing])
        if self.pending:
            with translated():
                await self._flush()

    async def _flush(self) -> None:
        pending, self.pending = self.pending, []
        await self.connection.write(pending)

    def record(self, data: EventData, subject: UUID, dataref: str | None = None) -> None:
        """Store an event with this transaction; it leaves as soon as the transaction is committed."""
        id_ = self.identifiers()
        step = tracing.begin(
            f"record {data.TYPE}", tracing.Kind.PRODUCER, tracing.cause_of(data), {"messaging.message.id": str(id_)}
        )
        event = catalogue.event(
            data,
            id=id_,
            source=self.source,
            subject=str(subject),
            time=self.now,
            dataref=dataref,
            traceparent=step.traceparent,
        )
        # What is rolled back was never recorded, and its step is never ended.
        self.after_commit.append(step.end)
        self.outgoing.append(Message(str(event.id), catalogue.routing_key(event), catalogue.encode(event)))

    @property
    def claimed_until(self) -> datetime:
        """How long the events belong to the relay that first sees them."""
        return self.now + timedelta(seconds=CLAIM_SECONDS)

    def _row(self, message: Message) -> dict[str, object]:
        return {
            "id": UUID(message.message_id),
            "routing_key": message.routing_key,
            "body": message.body.decode(),
            "created_at": self.now,
            "claimed_until": self.claimed_until,
        }


async def _nothing_to_note(_unit: UnitOfWork) -> None:
    """For who keeps no log."""


class Transactions:
    """Runs pieces of work in transactions of one service's database, and hands their events to the relay."""

    def __init__(
        self,
        database: Database,
        outbox: Table,
        clock: Clock,
        identifiers: Identifiers,
        source: str,
        refused: type[Exception] | tuple[()] = (),
    ) -> None:
        """`refused` is what the rules of the service raise; nothing, where it has none."""
        self.database = database
        self.clock = clock
        self._outbox = Insertion(outbox, _OUTBOX_COLUMNS)
        self.identifiers = identifiers
        self._source = source
        self._refused = refused
        self.hand_over: Callable[[list[Message], datetime], None] = lambda _messages, _claimed_until: None
        """Called with the events of each committed transaction, and until when they are claimed; the relay puts itself
        here.
        """
        self.on_touched: Callable[[set[str]], None] = lambda _organisations: None
        """Called with whose objects a committed transaction changed; the live stream puts itself here."""
        self.measures = Measures()
        """What is counted; the service puts its own here."""
        self.note: Callable[[UnitOfWork], Awaitable[None]] = _nothing_to_note
        """Called before the commit where the service did something by itself; its audit log puts itself here."""

    async def run(self, work: Callable[[UnitOfWork], Awaitable[T]], *, confined_to: str | None = None) -> T:
        """Run `work` in one transaction and commit it; what it sees is confined to this organisation, until it widens.

        A deadlock or serialization failure runs it again, a bounded number of times. What the service's rules refuse
        becomes a Conflict. Raises whatever else `work` raises, DatabaseUnavailable, UniqueViolation, or
        TransactionConflict when it collided at every attempt.
        """
        with suppress(TransactionConflict):
            # Nearly always this is all; what counts attempts costs as much as a statement.
            return await self._attempt(work, confined_to)
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(TransactionConflict),
            stop=stop_after_attempt(CONFLICT_ATTEMPTS - 1),
            wait=wait_random_exponential(multiplier=0.01, max=0.5),
            reraise=True,
        ):
            with attempt:
                self.measures.retries.inc()
                return await self._attempt(work, confined_to)
        raise AssertionError("the last attempt returns or raises")

    async def read(self, work: Callable[[UnitOfWork], Awaitable[T]], *, confined_to: str | None = None) -> T:
        """Run `work` on a connection that only reads, confined likewise."""
        async with self.database.reading(confined_to) as connection:
            return await work(self._unit(connection))

    async def _attempt(self, work: Callable[[UnitOfWork], Awaitable[T]], confined_to: str | None) -> T:
        try:
            return await self._once(work, confined_to)
        except self._refused as refusal:
            raise Conflict(str(refusal)) from refusal

    async def _once(self, work: Callable[[UnitOfWork], Awaitable[T]], confined_to: str | None) -> T:
        async with self.database.transaction(confined_to) as connection:
            unit = self._unit(connection)
            result = await work(unit)
            if unit.by_itself:
                await self.note(unit)
            await unit.finish(self._outbox)
        if unit.outgoing:
            self.hand_over(unit.outgoing, unit.claimed_until)
            self.measures.recorded(unit.outgoing)
        for callback in unit.after_commit:
            callback()
        if unit.touched:
            self.on_touched(unit.touched)
        return result

    def _unit(self, connection: Connection) -> UnitOfWork:
        return UnitOfWork(connection, self.clock(), self.identifiers, self._source, clock=self.clock)
