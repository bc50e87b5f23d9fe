"""Which messages become notifications."""

from collections.abc import Mapping, Sequence
from functools import partial

from schemas.base import Message
from schemas.catalogue import BY_MODEL
from schemas.messages.delivery import QueueLost
from services.chassis.broker.topology import Queue, said_again
from services.chassis.consumer import Handler
from services.notifications.channels.port import Channel
from services.notifications.handlers.news import KINDS, Learn, notify


def queue(prefix: str) -> Queue:
    """The notifications' queue: what the registry decides, about shelter and housing, and what it warns of."""
    return Queue(f"{prefix}.notifications", (*map(_binding, KINDS), QueueLost.TYPE, said_again("notifications")))


def handlers(channels: Sequence[Channel], learn: Learn) -> Mapping[type[Message], Handler]:
    """One handler for every type."""
    return dict.fromkeys(KINDS, partial(notify, channels, learn))


def _binding(message: type[Message]) -> str:
    """Of either kind of list, where the messages are told apart by that."""
    return message.TYPE if BY_MODEL[message].routing_keys == (message.TYPE,) else f"{message.TYPE}.*"
