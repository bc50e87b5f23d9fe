"""Notifications: what concerns a coordinator, from the inbox and live."""

from collections.abc import AsyncGenerator

from doorstroom_client.listing import Listing
from doorstroom_client.stream import follow
from doorstroom_client.transport import Transport
from schemas.api.notifications import Notification, Notifications
from schemas.api.preferences import NotificationPreferences


class NotificationCalls:
    """For coordinators and the helpdesk."""

    _transport: Transport
    _notifications: str

    def list_notifications(self) -> Listing[Notifications, Notification]:
        """Everything that concerned you, the oldest first."""
        url = f"{self._notifications}/notifications"
        return self._transport.list(url, Notifications, lambda page: page.notifications)

    def stream_notifications(self, last_event_id: str | None = None) -> AsyncGenerator[Notification, None]:
        """What concerns you, live, for as long as you listen; nothing is missed when the line breaks.

        With the `sequence` of the last one that you have handled it begins with what came since, also after a restart.
        """
        return follow(self._transport, f"{self._notifications}/events", last_event_id)

    async def get_notification_preferences(self) -> NotificationPreferences:
        """In which language you are written to, when you are left alone, and who stands in for you."""
        return await self._transport.get(f"{self._notifications}/preferences", NotificationPreferences)

    async def set_notification_preferences(self, preferences: NotificationPreferences) -> NotificationPreferences:
        """Replace your preferences; a substitute is a colleague who has stored some, too."""
        return await self._transport.put(f"{self._notifications}/preferences", NotificationPreferences, preferences)
