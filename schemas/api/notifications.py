"""Bodies of the notifications' API: there is something for you, and where to look. Nothing else."""

from uuid import UUID

from pydantic import Field

from schemas.base import Schema, UtcDatetime


class Notification(Schema):
    """Something happened that concerns you; what it is, is behind `dataref`."""

    notification_id: UUID
    sequence: int = Field(ge=1, description="rises by one with each of your notifications")
    kind: str = Field(description="such as offer-made")
    subject: UUID = Field(description="what it is about, such as an offer")
    dataref: str = Field(description="where to look, from the root of the server")
    notified_at: UtcDatetime


class Notifications(Schema):
    """A page of notifications."""

    notifications: list[Notification]
