"""A small model of a shelter's units, and what the registry may say of them."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from schemas.base import Message
from schemas.messages import offers
from schemas.vocabulary import AgeBand, DeclineReason, FallThroughReason, Sex, WithdrawalReason

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
PLACES = (2, 1)
BEFORE_ARRIVAL = ("free", "held", "reserved")


@dataclass
class Bed:
    """What the model knows of one unit."""

    places: int
    id: UUID | None = None
    state: str = "out_of_service"
    vacancy: UUID | None = None
    offer: UUID | None = None
    asked: tuple[UUID, datetime] | None = None
    available: datetime | None = None
    lease: datetime | None = None
    word: int = 0

    def becomes(self, state: str, offer: UUID | None = None, asked: datetime | None = None) -> None:
        """What it is now; only a unit that nobody has moved into yet has a lease."""
        self.state, self.offer = state, offer
        self.asked = (offer, asked) if offer and asked else None
        if state not in BEFORE_ARRIVAL:
            self.available = self.lease = None


@dataclass
class Model:
    """Two units of one facility, and the contracts of their provider, as lists of what is true."""

    beds: list[Bed] = field(default_factory=lambda: [Bed(places) for places in PLACES])
    contracts: list[tuple[int, date, date | None]] = field(default_factory=list)
    closed: bool = False
    told: int = 0
    gone: set[UUID] = field(default_factory=set)
    """Placements after the fact that are over, whether or not they were heard of before."""

    def fits(self, bed: Bed, moment: datetime) -> bool:
        """Whether contracts allow the unit on this day, and on each later one that another is posted for."""
        others = [other for other in self.beds if other is not bed and other.state != "out_of_service"]
        starts = [(day_of(other.available) if other.available else date.min, other.places) for other in others]
        days = [day_of(moment), *(start for start, _ in starts if start > day_of(moment))]
        return not self.contracts or all(
            bed.places + sum(places for start, places in starts if start <= day) <= self.contracted(day) for day in days
        )

    def contracted(self, day: date) -> int:
        """The places of all contracts that cover the day."""
        return sum(places for places, first, last in self.contracts if first <= day <= (last or date.max))


def day_of(moment: datetime) -> date:
    """The day that it is in the Netherlands."""
    return moment.astimezone(AMSTERDAM).date()


def word(what: str, common: dict[str, Any], until: datetime) -> Message:
    """What the registry says: it asks the provider, makes an offer, has an answer, or ends it."""
    household, moment = offers.Household(adults=1, children=0), until
    if what == "ask":
        about = {"sex": Sex.FEMALE, "age_band": AgeBand.AGE_23_PLUS, "needs": [], "wheelchair": False}
        return offers.EnquiryMade(**common, **about, household=household, answer_before_at=until, made_at=moment)
    if what == "offer":
        return offers.OfferMade(**common, household=household, deadline_at=until, made_at=moment)
    if what == "accept":
        return offers.OfferAccepted(**common, household=household, accepted_at=moment)
    endings = (
        offers.OfferExpired(**common, expired_at=moment),
        offers.OfferDeclined(**common, reason=DeclineReason.UNSUITABLE, declined_at=moment),
        offers.OfferRevoked(**common, reason=WithdrawalReason.SAFETY, revoked_at=moment),
        offers.PlacementFellThrough(**common, reason=FallThroughReason.NO_SHOW, fell_through_at=moment),
    )
    return endings[common["version"] % len(endings)]
