"""Which messages the shelters' service takes, and what it does with them."""

from collections.abc import Mapping
from functools import partial

from schemas.base import Message
from schemas.messages.offers import (
    EnquiryMade,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferRevoked,
    PlacementFellThrough,
)
from schemas.messages.placements import PlacementEnded
from schemas.vocabulary import ListKind
from services.chassis.broker.topology import Queue
from services.chassis.consumer import Handler
from services.shelters.handlers import households, vacancies
from services.shelters.handlers.vacancies import Leases

_ALLOCATIONS = (OfferMade, OfferAccepted, OfferDeclined, OfferExpired, OfferRevoked, PlacementFellThrough)


def queue(prefix: str) -> Queue:
    """The shelters' queue: what the registry decides about shelter, and nothing about housing."""
    messages = (EnquiryMade, *_ALLOCATIONS, PlacementEnded)
    return Queue(f"{prefix}.shelters", tuple(f"{message.TYPE}.{ListKind.SHELTER}" for message in messages))


def handlers(leases: Leases) -> Mapping[type[Message], Handler]:
    """A handler for each type of message, in the order in which a batch is worked off."""
    followed: dict[type[Message], Handler] = dict.fromkeys(_ALLOCATIONS, partial(vacancies.allocations_changed, leases))
    asked, ended = partial(vacancies.enquiries_made, leases), partial(households.placements_ended, leases)
    return {EnquiryMade: asked, **followed, PlacementEnded: ended}
