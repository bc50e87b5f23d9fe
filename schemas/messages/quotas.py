"""What the municipalities report about slots and claims."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from schemas.base import UtcDatetime, VacancyMessage
from schemas.vocabulary import ClaimReversalReason, Region


class SlotMessage(VacancyMessage):
    """Something about a slot."""

    slot_id: UUID


class SlotOpened(SlotMessage):
    """A municipality offers a dwelling or room under its quota. Said again when municipalities merge."""

    TYPE: ClassVar[str] = "nl.doorstroom.quotas.slot-opened.v1"

    municipality_code: str = Field(pattern=r"^GM\d{4}$", description="the CBS code")
    former_codes: list[Annotated[str, Field(pattern=r"^GM\d{4}$")]] = Field(
        [], max_length=1000, description="the CBS codes of municipalities that have become part of it"
    )
    places: int = Field(ge=1, le=20)
    wheelchair: bool
    available_from: UtcDatetime
    opened_at: UtcDatetime
    regions: list[Region] = Field(
        [], max_length=len(Region), description="the regional units in which it may lie; any, when none is given"
    )


class SlotWithdrawn(SlotMessage):
    """A municipality takes a slot back."""

    TYPE: ClassVar[str] = "nl.doorstroom.quotas.slot-withdrawn.v1"

    withdrawn_at: UtcDatetime


class PlacementClaimed(SlotMessage):
    """A municipality's binding claim: this household is ours."""

    TYPE: ClassVar[str] = "nl.doorstroom.quotas.placement-claimed.v1"

    offer_id: UUID
    claim_id: UUID
    claimed_at: UtcDatetime


class HouseholdHoused(SlotMessage):
    """The claimed household has moved in, and counts."""

    TYPE: ClassVar[str] = "nl.doorstroom.quotas.household-housed.v1"

    offer_id: UUID
    claim_id: UUID
    housed_at: UtcDatetime


class ClaimReversed(SlotMessage):
    """A municipality's claim is taken back. Before the household was housed, the slot is gone by that as well."""

    TYPE: ClassVar[str] = "nl.doorstroom.quotas.claim-reversed.v1"

    offer_id: UUID
    claim_id: UUID
    reason: ClaimReversalReason
    was_housed: bool
    reversed_at: UtcDatetime
