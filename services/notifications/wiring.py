"""Puts the notifications' service together: the only module that knows every concrete part of it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

from services.calendar.holidays import is_dutch_holiday
from services.chassis.retention import Kept
from services.chassis.service import Parts, Service
from services.chassis.settings import Mode
from services.chassis.timers import Timer, do_when_due
from services.chassis.unit_of_work import Transactions
from services.chassis.wiring import CONTACT, Definition, Surroundings, Unusable, key_file_beside
from services.notifications import consumers, measures, routes
from services.notifications.channels.amqp import OwnQueues, queues
from services.notifications.channels.event import Events
from services.notifications.channels.feed import PullFeed
from services.notifications.channels.live import LiveStream
from services.notifications.channels.mail.carrier import Mail, Server
from services.notifications.channels.mail.letter import Sender
from services.notifications.channels.port import Carrier, Channels
from services.notifications.channels.webhooks.addresses import Allowed
from services.notifications.channels.webhooks.carrier import Webhooks
from services.notifications.channels.webhooks.sessions import Sessions
from services.notifications.deliveries.desk import Desk
from services.notifications.deliveries.seals import KEY_FILE, Seals
from services.notifications.domain.ladders import Ladder
from services.notifications.handlers.reminders import Reminders
from services.notifications.handlers.subscribing import Subscribing
from services.notifications.reminders_file import read_ladders
from services.notifications.settings import Settings
from services.notifications.store import deliveries
from services.notifications.tables import idempotency_keys, messages

Carriers = Callable[[Settings, Surroundings], Sequence[Carrier]]


def carriers(settings: Settings, surroundings: Surroundings) -> Sequence[Carrier]:
    """Every channel that brings something somewhere. Raises Unusable."""
    try:
        allowed = Allowed.from_words(settings.webhook_networks)
        sessions = Sessions(allowed, settings.webhook_authorities_file)
    except ValueError:
        raise Unusable("DOORSTROOM_WEBHOOK_NETWORKS: give networks such as 10.1.2.0/24") from None
    except OSError as error:
        raise Unusable(f"DOORSTROOM_WEBHOOK_AUTHORITIES_FILE: {error.strerror}") from None
    events = Events(settings.source, settings.public_url)
    webhooks = Webhooks(sessions, allowed, events, surroundings.clock, settings.webhook_origin)
    return [webhooks, *_mail(settings, surroundings)]


def _mail(settings: Settings, surroundings: Surroundings) -> Sequence[Carrier]:
    """E-mail, where there is a mail server. Raises Unusable."""
    if settings.mail_host is None:
        return []
    password = settings.mail_password.get_secret_value() if settings.mail_password else None
    server = Server(
        settings.mail_host,
        settings.mail_port,
        settings.mail_security,
        settings.mail_user,
        password,
        settings.mail_authorities_file,
    )
    sender = Sender(settings.mail_from, settings.mail_link, settings.mail_unsubscribe)
    try:
        return [Mail(server, sender, surroundings.clock, frozenset(settings.mail_domains.lower().split()))]
    except OSError as error:
        raise Unusable(f"DOORSTROOM_MAIL_AUTHORITIES_FILE: {error.strerror}") from None


def build(settings: Settings, surroundings: Surroundings, carriers: Carriers = carriers) -> Service:
    """The notifications' service, ready to start. Raises Unusable, or Unavailable for a key that cannot be used."""
    clock, chance = surroundings.clock, surroundings.chance
    database = surroundings.database(settings)
    transactions = Transactions(database, messages.outbox, clock, surroundings.identifiers, settings.source)
    channels = Channels()
    desk = Desk(transactions, carriers(settings, surroundings), channels, _seals(settings), chance)
    # In the order in which they hear of what was stored: first those for whom somebody waits.
    events = Events(settings.source, settings.public_url)
    channels += [LiveStream(transactions), OwnQueues(settings), desk, PullFeed(events)]
    retention = timedelta(days=settings.retention_days)
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
            api=routes.api(transactions, channels, Subscribing(desk, channels, chance), CONTACT),
            retention=retention,
            keys_retention=timedelta(hours=settings.retention_keys_hours),
            kept=[Kept("settled deliveries, and attempts", retention, deliveries.count_settled, deliveries.forget)],
            timers=(_reminding(transactions, reminders),),
            background={name: work for channel in channels for name, work in channel.background.items()},
            readings=measures.read,
        )
    )


def _seals(settings: Settings) -> Seals:
    """The key; on one machine, one beside the database that is made when needed. Without any, nobody can subscribe."""
    file, embedded = (
        settings.notifications_key_file or key_file_beside(settings, KEY_FILE),
        settings.mode is Mode.EMBEDDED,
    )
    seals = Seals(file, make=embedded)
    if file is not None and not embedded:
        seals.check()
    return seals


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
