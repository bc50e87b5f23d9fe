"""What the shelters report: nothing of where, and nothing of who."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from schemas.base import Message, Schema, UtcDatetime, VacancyMessage
from schemas.vocabulary import (
    AgeBand,
    DepartureReason,
    EnquiryRefusal,
    Need,
    PlacementConflict,
    Programme,
    Region,
    Secrecy,
    Sex,
    WithdrawalReason,
)


class Acceptance(Schema):
    """Whom a unit takes."""

    sexes: list[Sex] = Field(min_length=1, max_length=len(Sex))
    age_bands: list[AgeBand] = Field(min_length=1, max_length=len(AgeBand))
    children: bool


class Service(Schema):
    """Which needs a unit serves."""

    wheelchair: bool
    needs: list[Need] = Field(max_length=len(Need))


class BedMessage(VacancyMessage):
    """Something about a unit."""

    unit_id: UUID


class BedFreed(BedMessage):
    """A unit is free until its lease ends. The same again, with a higher version, when the lease is affirmed."""

    TYPE: ClassVar[str] = "nl.doorstroom.beds.bed-freed.v1"

    facility_id: UUID
    programme: Programme
    places: int = Field(ge=1, le=20)
    accepts: Acceptance
    serves: Service
    available_from: UtcDatetime
    lease_expires_at: UtcDatetime
    freed_at: UtcDatetime
    region: Region | None = Field(None, description="the police unit where the facility is, if that may be known")
    secrecy: Secrecy = Secrecy.SECRET
    kept_for_places: int | None = Field(
        None, ge=1, le=20, description="kept for households of at least so many people, while such a one waits"
    )
    follows_no_show: UUID | None = Field(
        None, description="the unit's vacancy before this one, when its household did not come: that is over, too"
    )


class BedWithdrawn(BedMessage):
    """A unit is not to be had after all: its provider took it back, or its lease ended."""

    TYPE: ClassVar[str] = "nl.doorstroom.beds.bed-withdrawn.v1"

    programme: Programme
    reason: WithdrawalReason
    withdrawn_at: UtcDatetime


class ArrivalConfirmed(BedMessage):
    """The household that a unit was reserved for is there."""

    TYPE: ClassVar[str] = "nl.doorstroom.beds.arrival-confirmed.v1"

    offer_id: UUID
    arrived_at: UtcDatetime


class NoShowReported(BedMessage):
    """The household that a unit was reserved for did not come; this vacancy is over."""

    TYPE: ClassVar[str] = "nl.doorstroom.beds.no-show-reported.v1"

    programme: Programme
    offer_id: UUID
    reported_at: UtcDatetime


class DepartureRecorded(BedMessage):
    """The household has left the unit."""

    TYPE: ClassVar[str] = "nl.doorstroom.beds.departure-recorded.v1"

    offer_id: UUID
    departed_at: UtcDatetime
    reason: DepartureReason | None = None


class EnquiryAnswered(BedMessage):
    """A provider that decides for itself whom it takes has answered an enquiry."""

    TYPE: ClassVar[str] = "nl.doorstroom.beds.enquiry-answered.v1"

    offer_id: UUID = Field(description="the enquiry's")
    agreed: bool
    refusal: EnquiryRefusal | None = Field(None, description="why not, when it was not agreed")
    answered_at: UtcDatetime


class PlacementConflicted(Message):
    """A household was recorded in a unit that is somebody else's, or not known. Nothing was taken from anybody."""

    TYPE: ClassVar[str] = "nl.doorstroom.beds.placement-conflicted.v1"

    placement_id: UUID
    unit_id: UUID
    conflict: PlacementConflict
    found_at: UtcDatetime
