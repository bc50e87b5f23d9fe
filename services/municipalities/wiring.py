"""Puts the municipalities' service together: the only module that knows every concrete part of it."""

from datetime import timedelta
from pathlib import Path

from services.chassis.service import Parts, Service
from services.chassis.timers import Timer
from services.chassis.unit_of_work import Transactions
from services.chassis.wiring import CONTACT, Definition, Surroundings
from services.municipalities import consumers, routes
from services.municipalities.domain.errors import Refused
from services.municipalities.handlers.books import keep_books
from services.municipalities.settings import Settings
from services.municipalities.tables import idempotency_keys, messages

BOOKS_POLL_SECONDS = 600.0
"""How long after its day a merger that was registered elsewhere meanwhile is carried out, at most."""


def build(settings: Settings, surroundings: Surroundings) -> Service:
    """The municipalities' service, ready to start."""
    database = surroundings.database(settings)
    transactions = Transactions(
        database, messages.outbox, surroundings.clock, surroundings.identifiers, settings.source, Refused
    )
    return Service(
        Parts(
            name="municipalities",
            migrations=Path(__file__).parent / "migrations",
            tables=messages,
            idempotency_keys=idempotency_keys,
            transactions=transactions,
            broker=surroundings.broker,
            queue=consumers.queue(settings.broker_prefix),
            handlers=consumers.handlers(),
            api=routes.api(transactions, settings.quota_rules, CONTACT),
            retention=timedelta(days=settings.retention_days),
            keys_retention=timedelta(hours=settings.retention_keys_hours),
            timers=(Timer("books", surroundings.clock, lambda: transactions.run(keep_books), BOOKS_POLL_SECONDS),),
        )
    )


MUNICIPALITIES = Definition("municipalities", Settings, consumers.queue, build)
