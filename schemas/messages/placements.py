"""What the registry says about placements."""

from typing import ClassVar
from uuid import UUID

from schemas.base import OrganisationId, UtcDatetime, VacancyMessage
from schemas.vocabulary import ListKind, PlacementEndReason


class PlacementEnded(VacancyMessage):
    """A household has moved on, so the place it had comes free."""

    TYPE: ClassVar[str] = "nl.doorstroom.placements.placement-ended.v1"

    offer_id: UUID
    list_kind: ListKind
    recipient: OrganisationId
    reason: PlacementEndReason
    ended_at: UtcDatetime
