"""What the registry says about placements."""

from typing import ClassVar
from uuid import UUID

from schemas.base import Message, OrganisationId, UtcDatetime
from schemas.vocabulary import ListKind, PlacementEndReason


class PlacementEnded(Message):
    """A household has moved on, so the place it had comes free."""

    TYPE: ClassVar[str] = "nl.doorstroom.placements.placement-ended.v1"

    offer_id: UUID
    list_kind: ListKind
    recipient: OrganisationId
    reason: PlacementEndReason
    ended_at: UtcDatetime
