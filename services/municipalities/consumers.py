"""Which messages the municipalities' service takes, and what it does with them."""

from collections.abc import Mapping

from schemas.base import Message
from schemas.messages.delivery import QueueLost
from schemas.messages.offers import (
    HouseholdChanged,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferRevoked,
    PlacementFellThrough,
)
from schemas.vocabulary import ListKind
from services.chassis.broker.topology import Queue, said_again
from services.chassis.consumer import Handler
from services.municipalities.handlers import slots

_ALLOCATIONS = (
    OfferMade,
    OfferAccepted,
    HouseholdChanged,
    OfferDeclined,
    OfferExpired,
    OfferRevoked,
    PlacementFellThrough,
)


def queue(prefix: str) -> Queue:
    """The municipalities' queue: what the registry decides about housing, and nothing about shelter."""
    bindings = tuple(f"{message.TYPE}.{ListKind.HOUSING}" for message in _ALLOCATIONS)
    return Queue(f"{prefix}.municipalities", (*bindings, QueueLost.TYPE, said_again("municipalities")))


def handlers() -> Mapping[type[Message], Handler]:
    """A handler for each type of message."""
    return dict.fromkeys(_ALLOCATIONS, slots.allocations_changed)
