"""Which messages the registry takes, and what it does with them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from schemas.base import Message
from schemas.messages.beds import (
    ArrivalConfirmed,
    BedFreed,
    BedWithdrawn,
    DepartureRecorded,
    EnquiryAnswered,
    NoShowReported,
    PlacementConflicted,
)
from schemas.messages.delivery import QueueLost
from schemas.messages.quotas import ClaimReversed, HouseholdHoused, PlacementClaimed, SlotOpened, SlotWithdrawn
from services.chassis.broker.topology import Queue, said_again
from services.chassis.consumer import Handler
from services.chassis.unit_of_work import UnitOfWork
from services.registry.handlers import arrivals, placements, vacancies
from services.registry.handlers.matching import Matchmaker


def queue(prefix: str) -> Queue:
    """The registry's queue: everything that shelters and municipalities report."""
    return Queue(
        f"{prefix}.registry", (*(message.TYPE for message in _HANDLERS), QueueLost.TYPE, said_again("registry"))
    )


def handlers(matchmaker: Matchmaker) -> Mapping[type[Message], Handler]:
    """A handler for each type of message, in the order in which a batch is worked off."""
    return {message: partial(handler, matchmaker) for message, handler in _HANDLERS.items()}


_HANDLERS: Mapping[type[Message], Callable[[Matchmaker, UnitOfWork, Sequence[Any]], Awaitable[None]]] = {
    ArrivalConfirmed: arrivals.households_arrived,
    HouseholdHoused: arrivals.households_arrived,
    PlacementClaimed: vacancies.placements_claimed,
    DepartureRecorded: vacancies.households_departed,
    NoShowReported: vacancies.vacancies_ended,
    BedWithdrawn: vacancies.vacancies_ended,
    SlotWithdrawn: vacancies.vacancies_ended,
    ClaimReversed: vacancies.claims_reversed,
    BedFreed: vacancies.vacancies_freed,
    SlotOpened: vacancies.vacancies_freed,
    EnquiryAnswered: vacancies.enquiries_answered,
    PlacementConflicted: placements.placements_conflicted,
}
