"""Puts the notifications' service together: the only module that knows every concrete part of it."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path

from services.calendar.holidays import is_dutch_holiday
from services.chassis.service import Parts, Service
from services.chassis.timers import Timer, do_when_due
from services.chassis.unit_of_work import Transactions
from services.chassis.wiring import CONTACT, Definition, Surroundings, Unusable
from services.notifications import consumers, routes
from services.notifications.channels.amqp import OwnQueues, queues
from services.notifications.channels.live import LiveStream
from services.notifications.channels.port import Channel
from services.notifications.domain.ladders import Ladder
from services.notifications.handlers.reminders import Reminders
from services.notifications.reminders_file import read_ladders
from services.notifications.settings import Settings
from services.notifications.tables import idempotency_keys, messages


class NothingRefused(Exception):
    """This service has no rules that could refuse anything."""


def build(settings: Settings, surroundings: Surroundings) -> Service:
    """The notifications' service, ready to start. Raises Unusable."""
    database = surroundings.connect(settings.database_url.get_secret_value(), settings.database_pool_size)
    transactions = Transactions(
        database, messages.outbox, surroundings.clock, surroundings.identifiers, settings.source, NothingRefused
    )
    channels = _channels(settings, transactions)
    reminders = Reminders(
        _ladders(settings),
        is_dutch_holiday,
        settings.helpdesk_organisation,
        hears=lambda: surroundings.broker.connected,
        channels=channels,
    )
    return Service(
        Parts(
            name="notifications",
            migrations=Path(__file__).parent / "migrations",
            tables=messages,
            idempotency_keys=idempotency_keys,
            transactions=transactions,
            broker=surroundings.broker,
            queue=consumers.queue(settings.broker_prefix),
            handlers=consumers.handlers(channels, reminders.learn),
            api=routes.api(transactions, channels, CONTACT),
            retention=timedelta(days=settings.retention_days),
            keys_retention=timedelta(hours=settings.retention_keys_hours),
            timers=(_reminding(transactions, reminders),),
            background={name: work for channel in channels for name, work in channel.background.items()},
        )
    )


def _channels(settings: Settings, transactions: Transactions) -> list[Channel]:
    """Every way in which recipients are told, in the order in which they hear of what was stored: who waits first."""
    return [LiveStream(transactions), OwnQueues(settings)]


def _reminding(transactions: Transactions, reminders: Reminders) -> Timer:
    remind = partial(transactions.run, reminders.remind)
    return Timer("reminders", transactions.clock, lambda: do_when_due(transactions, reminders.next_due, remind))


def _ladders(settings: Settings) -> Mapping[str, Ladder]:
    try:
        return read_ladders(settings.reminders_file)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise Unusable(f"DOORSTROOM_REMINDERS_FILE: {reason}") from None


NOTIFICATIONS = Definition("notifications", Settings, consumers.queue, build, queues)
