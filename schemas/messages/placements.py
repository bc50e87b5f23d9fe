"""What the registry says about placements."""

from typing import ClassVar
from uuid import UUID

from schemas.base import Message, OrganisationId, UtcDatetime, VacancyMessage
from schemas.vocabulary import ListKind, PlacementEndReason, RecordedPlacementEnd


class PlacementEnded(VacancyMessage):
    """A household has moved on, so the place it had comes free."""

    TYPE: ClassVar[str] = "nl.doorstroom.placements.placement-ended.v1"

    offer_id: UUID
    list_kind: ListKind
    recipient: OrganisationId
    reason: PlacementEndReason
    ended_at: UtcDatetime


class PlacementRecorded(Message):
    """A household lives in a unit already, without an offer: its coordinator recorded that after the fact."""

    TYPE: ClassVar[str] = "nl.doorstroom.placements.placement-recorded.v1"

    placement_id: UUID
    unit_id: UUID
    since: UtcDatetime


class RecordedPlacementEnded(Message):
    """A household that was recorded in a unit is no longer there, or never was."""

    TYPE: ClassVar[str] = "nl.doorstroom.placements.recorded-placement-ended.v1"

    placement_id: UUID
    unit_id: UUID
    reason: RecordedPlacementEnd
    ended_at: UtcDatetime
