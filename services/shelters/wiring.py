"""Puts the shelters' service together: the only module that knows every concrete part of it."""

from datetime import timedelta
from pathlib import Path

from services.chassis.service import Parts, Service
from services.chassis.timers import Timer
from services.chassis.unit_of_work import Transactions
from services.chassis.wiring import CONTACT, Definition, Surroundings
from services.shelters import consumers, routes
from services.shelters.domain.errors import Refused
from services.shelters.handlers.vacancies import Leases, lapse_leases
from services.shelters.settings import Settings
from services.shelters.tables import idempotency_keys, messages


def build(settings: Settings, surroundings: Surroundings) -> Service:
    """The shelters' service, ready to start."""
    clock = surroundings.clock
    database = surroundings.connect(settings.database_url.get_secret_value(), settings.database_pool_size)
    transactions = Transactions(database, messages.outbox, clock, surroundings.identifiers, settings.source, Refused)
    leases = Leases(settings.lease_seconds)
    return Service(
        Parts(
            name="shelters",
            migrations=Path(__file__).parent / "migrations",
            tables=messages,
            idempotency_keys=idempotency_keys,
            transactions=transactions,
            broker=surroundings.broker,
            queue=consumers.queue(settings.broker_prefix),
            handlers=consumers.handlers(leases),
            api=routes.api(transactions, leases, CONTACT),
            retention=timedelta(days=settings.retention_days),
            timers=(Timer("lease-expiry", clock, lambda: transactions.run(lapse_leases)),),
        )
    )


SHELTERS = Definition("shelters", Settings, consumers.queue, build)
