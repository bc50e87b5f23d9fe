"""A notification as a CloudEvent: what every channel brings that brings events."""

from dataclasses import dataclass

from schemas.api.notifications import TYPES, NotificationEvent
from services.notifications.store.inbox import StoredNotification

MEDIA_TYPE = "application/cloudevents+json"


@dataclass(frozen=True, slots=True)
class Events:
    """Who says it, and where the rest is to be fetched."""

    source: str
    public_url: str = ""
    """What `dataref` begins with, without a trailing slash; it is a path without it."""

    def of(self, stored: StoredNotification) -> NotificationEvent:
        """The event. Its id is the notification's."""
        return NotificationEvent(
            specversion="1.0",
            id=stored.id,
            source=self.source,
            type=f"{TYPES}.{stored.kind}.v1",
            subject=str(stored.subject),
            time=stored.notified_at,
            dataref=f"{self.public_url}{stored.dataref}",
            sequence=f"{stored.sequence:020}",
            sequencetype="Integer",
        )

    def encode(self, stored: StoredNotification) -> bytes:
        """The event in structured mode, as JSON."""
        return self.of(stored).model_dump_json().encode()
