"""All services on real databases, with a clock and a post that the test moves by hand.

The handlers, the stores, the outbox and the inbox are the real ones; what is replaced is when a message arrives.
"""

import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import Executable, select, update

from schemas import catalogue
from services.calendar.holidays import is_dutch_holiday
from services.chassis.broker.memory import InProcessBroker
from services.chassis.broker.topology import matches
from services.chassis.consumer import Consumer
from services.chassis.database import Database, Parameters, Row
from services.chassis.service import Service
from services.chassis.settings import Mode
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.wiring import Surroundings, topology
from services.cli.embedded import SERVICES
from services.cli.simulation.acts import (
    HELPDESK,
    LEASE_SECONDS,
    Acts,
)
from services.registry.domain.programmes import Programmes
from services.registry.handlers.matching import Matchmaker
from services.registry.store.vault import KEY_FILE, Vault
from services.registry.store.waitlists import WaitlistStore
from services.shelters.handlers.vacancies import Leases

T = TypeVar("T")

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
SHELTER_OFFER_SECONDS, HOUSING_OFFER_SECONDS = 24 * 3600.0, 7 * 86_400.0
ROUNDS_LIMIT = 50


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **duration: float) -> None:
        self.now += timedelta(**duration)


class Identifiers:
    """New ids in rising order, the same in every run."""

    def __init__(self) -> None:
        self._last = 0

    def __call__(self) -> UUID:
        self._last += 1
        return UUID(f"019c0000-0000-7000-8000-{self._last:012x}")


@dataclass(slots=True)
class Post:
    """How messages travel: in order and once, unless a source of chance is given."""

    chance: random.Random | None = None
    duplicates: int = 0

    def arranged(self, messages: Sequence[Row]) -> list[Row]:
        if self.chance is None:
            return list(messages)
        doubled = [message for message in messages for _ in range(1 + self.chance.randint(0, self.duplicates))]
        self.chance.shuffle(doubled)
        return doubled


class World(Acts):
    """Everything that there is, at rest."""

    def __init__(
        self,
        urls: dict[str, str],
        post: Post | None = None,
        connect: Callable[[str, int, str | None], Database] = Database.connect,
    ) -> None:
        self.urls = urls
        self.clock = Clock()
        self.identifiers = Identifiers()
        self.post = post or Post()
        broker = InProcessBroker(topology("world", []))
        broker.connected = True  # The world carries the messages.
        surroundings = Surroundings(broker, self.clock, self.identifiers, connect=connect)
        self._secrets = TemporaryDirectory(prefix="doorstroom-test-key-")
        self.key_file = Path(self._secrets.name) / KEY_FILE
        own = {"registry_key_file": self.key_file}
        self.services: dict[str, Service] = {
            definition.name: definition.build(
                definition.settings(mode=Mode.EMBEDDED, database_url=SecretStr(urls[definition.name]), **own),
                surroundings,
            )
            for definition in SERVICES
        }
        self.vault = Vault(self.key_file, make=True)
        self._consumers = {name: self._consumer(service) for name, service in self.services.items()}
        self.matchmaker = Matchmaker(WaitlistStore(), Programmes(), is_dutch_holiday, HELPDESK)
        self.leases = Leases(LEASE_SECONDS)

    async def open(self) -> None:
        for service in self.services.values():
            await service.migrate()

    async def close(self) -> None:
        for service in self.services.values():
            await service.transactions.database.close()
        self._secrets.cleanup()

    # Moving messages and time

    async def settle(self) -> None:
        """Carry messages until none is under way."""
        for _ in range(ROUNDS_LIMIT):
            carried = [await self.carry(name) for name in self.services]
            if not any(carried):
                return
        message = "messages keep causing messages"
        raise AssertionError(message)

    async def pass_time(self, **duration: float) -> None:
        """Move the clock, let everything that is due happen, and carry what it causes."""
        self.clock.forward(**duration)
        for service in self.services.values():
            for timer in service.parts.timers:
                await timer.work()
        await self.settle()

    async def carry(self, name: str) -> int:
        """Carry what one service has to say, and nothing that it causes."""
        rows = await self._waiting(name)
        await self.hand_on(self.post.arranged(rows))
        await self._mark_sent(name, rows)
        return len(rows)

    async def hold_back(self, name: str) -> Sequence[Row]:
        """Take what a service has to say, to be handed on later."""
        rows = await self._waiting(name)
        await self._mark_sent(name, rows)
        return rows

    async def _waiting(self, name: str) -> Sequence[Row]:
        outbox = self.services[name].tables.outbox
        return await self.rows(name, select(outbox).where(outbox.c.sent_at.is_(None)).order_by(outbox.c.id))

    async def _mark_sent(self, name: str, rows: Sequence[Row]) -> None:
        outbox = self.services[name].tables.outbox
        sent = update(outbox).where(outbox.c.id.in_([row["id"] for row in rows])).values(sent_at=self.clock())
        await self.run(name, lambda unit: unit.execute(sent))

    async def hand_on(self, messages: Iterable[Row]) -> None:
        """Deliver messages in this order."""
        for row in messages:
            await self.deliver(row["routing_key"], row["body"].encode())

    async def deliver(self, routing_key: str, body: bytes) -> None:
        """Hand a message to every service that is bound for it, through its real consumer and inbox."""
        for service in self.services.values():
            queue = service.parts.queue
            if queue is not None and any(matches(pattern, routing_key) for pattern in queue.bindings):
                await self._consumers[service.name]._handle([(None, catalogue.parse(body))])  # type: ignore[list-item] # the delivery is only for settling

    def _consumer(self, service: Service) -> Consumer:
        parts = service.parts
        assert parts.queue is not None
        return Consumer(parts.transactions, parts.tables, parts.broker, parts.queue, parts.handlers)

    # Looking

    async def run(self, service: str, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        return await self.services[service].transactions.run(work)

    async def rows(self, service: str, statement: Executable, parameters: Parameters = None) -> Sequence[Row]:
        async def read(unit: UnitOfWork) -> Sequence[Row]:
            return await unit.execute(statement, parameters)

        return await self.services[service].transactions.read(read)

    async def meant_by(self, organisation: str, reference: UUID) -> UUID:
        """What an organisation means by a reference of its own."""
        own = await self.run("registry", lambda unit: self.matchmaker.references.of(unit, organisation))
        return own.meant_by(reference)

    async def events(self, service: str) -> list[tuple[str, Any]]:
        """What a service has recorded, oldest first: the last word of the type, and the data."""
        outbox = self.services[service].tables.outbox
        rows = await self.rows(service, select(outbox).order_by(outbox.c.id))
        parsed = [catalogue.parse(row["body"].encode()) for row in rows]
        return [(event.type.split(".")[-2], event.data) for event in parsed]
