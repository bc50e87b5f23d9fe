"""What services have in common that exchange no messages: a database, an audit log, and routes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Table

from services.chassis.audit import Journal
from services.chassis.broker.memory import InProcessBroker
from services.chassis.service import Parts, Service
from services.chassis.settings import ServiceSettings
from services.chassis.tables import MessageTables
from services.chassis.timers import Timer
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.chassis.web import Api
from services.chassis.wiring import Surroundings, topology

_NOTHING: Mapping[str, Callable[[], Awaitable[None]]] = {}


def alone(settings: ServiceSettings) -> Surroundings:
    """For a process of its own, without a broker."""
    return Surroundings(InProcessBroker(topology(settings.broker_prefix, [])))


@dataclass(frozen=True, slots=True)
class Standalone:
    """Such a service: what it is called, and what it keeps."""

    name: str
    migrations: Path
    tables: MessageTables
    idempotency_keys: Table

    def ground(self, settings: ServiceSettings, surroundings: Surroundings) -> "Ground":
        """What its handlers stand on."""
        clock, identifiers = surroundings.clock, surroundings.identifiers
        database = surroundings.database(settings)
        # What records no events has no source.
        transactions = Transactions(database, self.tables.outbox, clock, identifiers, "")
        return Ground(self, settings, surroundings, transactions, Journal(transactions, self.tables.audit))


@dataclass(frozen=True, slots=True)
class Ground:
    """Its transactions and its audit log, before there are routes."""

    of: Standalone
    settings: ServiceSettings
    surroundings: Surroundings
    transactions: Transactions
    journal: Journal

    def service(
        self,
        api: Api[UnitOfWork],
        timers: Sequence[Timer] = (),
        background: Mapping[str, Callable[[], Awaitable[None]]] = _NOTHING,
    ) -> Service:
        """The service with these routes, ready to start."""
        return Service(
            Parts(
                name=self.of.name,
                migrations=self.of.migrations,
                tables=self.of.tables,
                idempotency_keys=self.of.idempotency_keys,
                transactions=self.transactions,
                broker=self.surroundings.broker,
                queue=None,
                handlers={},
                api=api,
                retention=timedelta(days=self.settings.retention_days),
                keys_retention=timedelta(hours=self.settings.retention_keys_hours),
                journal=self.journal,
                timers=timers,
                background=background,
            )
        )
