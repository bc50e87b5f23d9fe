"""How a notification looks, whichever way it is read."""

from schemas.api.notifications import Notification
from services.notifications.store.inbox import StoredNotification

BASE = "/notifications/v1"


def shown(stored: StoredNotification) -> Notification:
    """As the API gives it."""
    return Notification(
        notification_id=stored.id,
        sequence=stored.sequence,
        kind=stored.kind,
        subject=stored.subject,
        dataref=stored.dataref,
        notified_at=stored.notified_at,
    )
