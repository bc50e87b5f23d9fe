"""Which messages the shelters' service takes, and what it does with them."""

from collections.abc import Mapping
from functools import partial

from schemas.base import Message
from schemas.messages.delivery import QueueLost
from schemas.messages.offers import (
    EnquiryEnded,
    EnquiryMade,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferRevoked,
    PlacementFellThrough,
)
from schemas.messages.placements import PlacementEnded, PlacementRecorded, RecordedPlacementEnded
from schemas.vocabulary import ListKind
from services.chassis.broker.topology import Queue, said_again
from services.chassis.consumer import Handler
from services.shelters.handlers import households, placements, vacancies
from services.shelters.handlers.vacancies import Leases

_ALLOCATIONS = (EnquiryEnded, OfferMade, OfferAccepted, OfferDeclined, OfferExpired, OfferRevoked, PlacementFellThrough)


def queue(prefix: str) -> Queue:
    """The shelters' queue: what the registry decides about shelter, and nothing about housing."""
    messages = (EnquiryMade, *_ALLOCATIONS, PlacementEnded)
    of_shelter = tuple(f"{message.TYPE}.{ListKind.SHELTER}" for message in messages)
    return Queue(
        f"{prefix}.shelters",
        (*of_shelter, PlacementRecorded.TYPE, RecordedPlacementEnded.TYPE, QueueLost.TYPE, said_again("shelters")),
    )


def handlers(leases: Leases) -> Mapping[type[Message], Handler]:
    """A handler for each type of message, in the order in which a batch is worked off."""
    followed: dict[type[Message], Handler] = dict.fromkeys(_ALLOCATIONS, partial(vacancies.allocations_changed, leases))
    return {
        EnquiryMade: partial(vacancies.enquiries_made, leases),
        **followed,
        PlacementEnded: partial(households.placements_ended, leases),
        PlacementRecorded: placements.placements_recorded,
        RecordedPlacementEnded: partial(placements.recorded_placements_ended, leases),
    }
