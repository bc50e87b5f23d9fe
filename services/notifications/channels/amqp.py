"""Queues of their own for organisations that prefer AMQP: what comes into the inbox is said there, as a thin event.

The inbox stays what counts: a queue that nobody empties drops the oldest, and its reader sees that a number is missing.
"""

from collections.abc import Sequence

from schemas.api.notifications import TYPES
from services.chassis.broker.port import Message
from services.chassis.broker.topology import Bound, Queue
from services.chassis.unit_of_work import UnitOfWork
from services.notifications.channels.event import Events
from services.notifications.channels.port import Channel
from services.notifications.settings import Settings
from services.notifications.store.inbox import StoredNotification

BOUND = Bound(messages=10_000, seconds=14 * 86_400)
"""As long as sent messages stay on record by default, so that a queue that is lost can be filled again."""


def routing_key(organisation: str) -> str:
    """Of what is said to an organisation."""
    return f"{TYPES}.{organisation}"


def queue(prefix: str, organisation: str) -> Queue:
    """The queue of an organisation; its user at the broker may read it and nothing else."""
    return Queue(f"{prefix}.agencies.{organisation}", (routing_key(organisation),), bound=BOUND)


def queues(settings: Settings) -> tuple[Queue, ...]:
    """Those of all organisations that have one."""
    return tuple(queue(settings.broker_prefix, organisation) for organisation in organisations(settings))


def organisations(settings: Settings) -> list[str]:
    """Which organisations have one."""
    return sorted(set(settings.agency_queues.split()))


class OwnQueues(Channel):
    """Says what is stored to those who have a queue: with the transaction that stores it, by the outbox."""

    name = "amqp"

    def __init__(self, settings: Settings) -> None:
        self._organisations = frozenset(organisations(settings))
        self._events = Events(settings.source, settings.public_url)

    def storing(self, unit: UnitOfWork, stored: Sequence[StoredNotification]) -> None:
        """One event for each notification of theirs; the relay publishes it."""
        unit.outgoing += [
            Message(str(item.id), routing_key(item.recipient), self._events.encode(item), counted_as=TYPES)
            for item in stored
            if item.recipient in self._organisations
        ]
