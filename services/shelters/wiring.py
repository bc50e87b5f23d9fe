"""Puts the shelters' service together: the only module that knows every concrete part of it."""

from datetime import timedelta
from functools import partial
from pathlib import Path

from services.calendar.holidays import is_dutch_holiday
from services.chassis.service import Parts, Service
from services.chassis.timers import Timer, do_when_due
from services.chassis.unit_of_work import Transactions
from services.chassis.wiring import CONTACT, Definition, Surroundings
from services.shelters import consumers, routes
from services.shelters.domain.errors import Refused
from services.shelters.handlers.leases import Warnings
from services.shelters.handlers.vacancies import Leases, lapse_leases
from services.shelters.settings import Settings
from services.shelters.store.units import next_lease_end
from services.shelters.tables import idempotency_keys, messages


def build(settings: Settings, surroundings: Surroundings) -> Service:
    """The shelters' service, ready to start."""
    clock = surroundings.clock
    database = surroundings.database(settings)
    transactions = Transactions(database, messages.outbox, clock, surroundings.identifiers, settings.source, Refused)
    lapse = partial(transactions.run, lapse_leases)
    leases = Leases(settings.lease_seconds)
    warnings = Warnings(settings.lease_warning_hours, settings.lease_warning_working, is_dutch_holiday)
    warn = partial(transactions.run, warnings.warn)
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
            keys_retention=timedelta(hours=settings.retention_keys_hours),
            timers=(
                Timer("lease-expiry", clock, lambda: do_when_due(transactions, next_lease_end, lapse)),
                Timer("lease-warnings", clock, lambda: do_when_due(transactions, warnings.next_due, warn)),
            ),
        )
    )


SHELTERS = Definition("shelters", Settings, consumers.queue, build)
