"""A service that counts: each message it takes is one row, so nothing lost and nothing twice can be seen."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Column, Executable, Integer, MetaData, Table, Uuid, func, insert, select

from schemas import catalogue
from schemas.envelope import Event
from schemas.messages.beds import DepartureRecorded
from services.chassis.broker.port import Broker
from services.chassis.broker.topology import Queue, Topology, said_again
from services.chassis.clock import Clock, system_clock, system_identifiers
from services.chassis.consumer import Consumer, ConsumerSettings
from services.chassis.database import Database
from services.chassis.relay import Relay, RelaySettings
from services.chassis.tables import message_tables
from services.chassis.unit_of_work import Transactions, UnitOfWork

METADATA = MetaData()
MESSAGES = message_tables(METADATA)
EFFECTS = Table(
    "effects",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("about", Uuid, nullable=False),
)
POISON = UUID("00000000-0000-7000-8000-00000000dead")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
SOURCE = "urn:nld:kvknr:00000000.counting"


class Refused(Exception):
    """What this service's rules refuse."""


def counting_topology(prefix: str) -> Topology:
    """One queue, bound for the one message that is counted."""
    return Topology(
        f"{prefix}.events", (Queue(f"{prefix}.counting", (DepartureRecorded.TYPE, said_again("counting")), 5),)
    )


def about(subject: UUID, version: int = 1) -> DepartureRecorded:
    """A message about something."""
    return DepartureRecorded(vacancy_id=subject, version=version, unit_id=subject, offer_id=subject, departed_at=NOW)


def event_about(subject: UUID) -> Event:
    """The same in its envelope."""
    data, now = about(subject), system_clock()
    return catalogue.event(data, id=system_identifiers(), source=SOURCE, subject=str(subject), time=now)


async def count(unit: UnitOfWork, messages: Sequence[DepartureRecorded]) -> None:
    """Give each message its one effect; one of them is poisonous."""
    if any(message.vacancy_id == POISON for message in messages):
        raise RuntimeError("a value that must not be shown: 0612345678")
    await unit.execute(insert(EFFECTS), [{"about": message.vacancy_id} for message in messages])


class Counting:
    """The service's parts on one database and one broker."""

    def __init__(self, url: str, broker: Broker, topology: Topology, clock: Clock = system_clock) -> None:
        self.database = Database.connect(url)
        self.broker = broker
        self.transactions = Transactions(self.database, MESSAGES.outbox, clock, system_identifiers, SOURCE, Refused)
        settings = RelaySettings(poll_seconds=0.05, longest_pause_seconds=0.2)
        self.relay = Relay(self.database, MESSAGES.outbox, broker, clock, settings)
        quick = ConsumerSettings(attempts=3, first_pause_seconds=0.01, longest_pause_seconds=0.05)
        handlers = {DepartureRecorded: count}
        self.consumer = Consumer(self.transactions, MESSAGES, broker, topology.queues[0], handlers, quick)

    async def create(self) -> None:
        async with self.database.changing_schema() as connection:
            await connection.run_sync(METADATA.create_all)

    async def record(self, *subjects: UUID) -> None:
        """Commit one event about each, all in one transaction."""

        async def work(unit: UnitOfWork) -> None:
            for subject in subjects:
                unit.record(about(subject), subject=subject)

        await self.transactions.run(work)

    async def effects(self) -> list[UUID]:
        async with self.database.reading() as connection:
            rows = await connection.execute(select(EFFECTS.c.about).order_by(EFFECTS.c.number))
            return [row.about for row in rows]

    async def unsent(self) -> int:
        outbox = MESSAGES.outbox
        return await self._count(select(func.count()).select_from(outbox).where(outbox.c.sent_at.is_(None)))

    async def quarantined(self) -> int:
        return await self._count(select(func.count()).select_from(MESSAGES.quarantine))

    async def _count(self, query: Executable) -> int:
        async with self.database.reading() as connection:
            [number] = (await connection.execute(query)).one()
            return int(number)


class Later:
    """A clock some time ahead of the real one."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return system_clock() + self.ahead
