"""What the registry decides about vacancies. The recipient is the organisation that speaks for the household."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from schemas.base import OrganisationId, Schema, UtcDatetime, VacancyMessage
from schemas.vocabulary import (
    AgeBand,
    DeclineReason,
    EnquiryEndReason,
    FallThroughReason,
    ListKind,
    Need,
    Region,
    RevocationReason,
    Sex,
)


class Household(Schema):
    """How many people must be placed together."""

    adults: int = Field(ge=0, le=20)
    children: int = Field(ge=0, le=20)


class OfferMessage(VacancyMessage):
    """Something about an offer. `version` counts the registry's events about the vacancy."""

    offer_id: UUID
    list_kind: ListKind
    recipient: OrganisationId


class EnquiryMade(OfferMessage):
    """The provider decides: would it take this household? The vacancy is held for the answer until the deadline.

    `offer_id` is the enquiry's; when the provider agrees, the offer to the coordinator has the same.
    """

    TYPE: ClassVar[str] = "nl.doorstroom.offers.enquiry-made.v1"

    household: Household
    sex: Sex
    age_band: AgeBand
    needs: list[Need] = Field(max_length=len(Need))
    wheelchair: bool
    answer_before_at: UtcDatetime
    made_at: UtcDatetime


class EnquiryEnded(OfferMessage):
    """An enquiry came to nothing before anything was offered; the vacancy is free for the next."""

    TYPE: ClassVar[str] = "nl.doorstroom.offers.enquiry-ended.v1"

    reason: EnquiryEndReason
    ended_at: UtcDatetime


class Filing(Schema):
    """Under what the coordinator files an offer: what they know of their own case, and nothing of the place."""

    waitlist: Annotated[str, Field(pattern="^(cosm|omm|loverboy|vo|housing)$")]
    region: Region | None = Field(None, description="where the household looks first, as its coordinator said")
    case_id: UUID = Field(description="the recipient's own reference to the case")


class OfferMade(OfferMessage):
    """The vacancy is held for a household until the deadline. `filing` is for what its recipient chooses to hear of."""

    TYPE: ClassVar[str] = "nl.doorstroom.offers.offer-made.v1"

    household: Household
    deadline_at: UtcDatetime
    made_at: UtcDatetime
    filing: Filing | None = None


class OfferAccepted(OfferMessage):
    """The vacancy is reserved for the household."""

    TYPE: ClassVar[str] = "nl.doorstroom.offers.offer-accepted.v1"

    household: Household
    accepted_at: UtcDatetime


class HouseholdChanged(OfferMessage):
    """More people, or fewer, must be placed together than was said when a home was offered or accepted.

    `accepted`: the offer was. Only then may the home have become too small: it is a promise to both sides.
    """

    TYPE: ClassVar[str] = "nl.doorstroom.offers.household-changed.v1"

    household: Household
    accepted: bool
    changed_at: UtcDatetime


class OfferDeclined(OfferMessage):
    """The coordinator said no; the vacancy is free for the next."""

    TYPE: ClassVar[str] = "nl.doorstroom.offers.offer-declined.v1"

    reason: DeclineReason
    declined_at: UtcDatetime


class OfferExpired(OfferMessage):
    """The coordinator said nothing in time; the vacancy is free for the next."""

    TYPE: ClassVar[str] = "nl.doorstroom.offers.offer-expired.v1"

    expired_at: UtcDatetime


class OfferRevoked(OfferMessage):
    """The vacancy is gone, or the offer became wrong, before there was an answer."""

    TYPE: ClassVar[str] = "nl.doorstroom.offers.offer-revoked.v1"

    reason: RevocationReason
    revoked_at: UtcDatetime


class PlacementFellThrough(OfferMessage):
    """An accepted offer came to nothing; the household has its old place back."""

    TYPE: ClassVar[str] = "nl.doorstroom.offers.placement-fell-through.v1"

    reason: FallThroughReason
    fell_through_at: UtcDatetime
