"""Bodies of the notifications' API: there is something for you, and where to look. Nothing else."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from schemas.base import Schema, UtcDatetime
from schemas.envelope import Id, Reference, Sequence, Source, Subject, Type
from schemas.sensitivity import Word

TYPES = "nl.doorstroom.notifications"
"""What the types of the events begin with; the kind and the version follow. In routing keys, whom it is to follows."""


class Notification(Schema):
    """Something happened that concerns you; what it is, is behind `dataref`."""

    notification_id: UUID
    sequence: int = Field(ge=1, description="rises by one with each of your notifications")
    kind: Word = Field(description="such as offer-made")
    subject: UUID = Field(description="what it is about, such as an offer")
    dataref: Word = Field(description="where to look, from the root of the server")
    notified_at: UtcDatetime


class Notifications(Schema):
    """A page of notifications."""

    notifications: list[Notification]


class NotificationEvent(Schema):
    """The same as a CloudEvent, after the NL GOV profile 1.1, and thin: it has no data, which is behind `dataref`."""

    model_config = ConfigDict(alias_generator=None)

    specversion: Literal["1.0"]
    id: Annotated[Id, Field(description="the notification's id: the same however often it comes")]
    source: Source
    type: Annotated[Type, Field(description="the kind, as a name of its own")]
    subject: Subject
    time: UtcDatetime = Field(description="when you were notified")
    dataref: Reference
    sequence: Annotated[Sequence, Field(description="rises with each of your notifications, zero-padded")]
    sequencetype: Literal["Integer"]
