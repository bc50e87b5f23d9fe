"""Which messages become notifications."""

from collections.abc import Mapping
from functools import partial

from schemas.base import Message
from services.chassis.broker.topology import Queue
from services.chassis.consumer import Handler
from services.notifications.handlers import KINDS, notify
from services.notifications.hub import Hub


def queue(prefix: str) -> Queue:
    """The notifications' queue: what the registry decides, about shelter and housing."""
    return Queue(f"{prefix}.notifications", tuple(f"{message.TYPE}.*" for message in KINDS))


def handlers(hub: Hub) -> Mapping[type[Message], Handler]:
    """One handler for every type."""
    return dict.fromkeys(KINDS, partial(notify, hub))
