"""Notifications: what concerns a coordinator, from the inbox, live, as events, or wherever they want it."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from uuid import UUID

from doorstroom_client.listing import Listing
from doorstroom_client.stream import follow
from doorstroom_client.transport import Query, Transport
from schemas.api.notifications import Notification, Notifications
from schemas.api.preferences import NotificationPreferences
from schemas.api.subscriptions import (
    CreatedSubscription,
    Deliveries,
    Delivery,
    DeliveryInFull,
    Feed,
    NewSecret,
    NewSubscription,
    Recovered,
    Recovery,
    Resumption,
    SecretRotation,
    Subscription,
    Subscriptions,
    SubscriptionSettings,
)
from schemas.vocabulary import DeliveryState, ListKind, NotificationKind

FEED_LIMIT = 100


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
        return follow(self._transport, f"{self._notifications}/events", Notification, last_event_id)

    async def get_notification_preferences(self) -> NotificationPreferences:
        """In which language you are written to, when you are left alone, and who stands in for you."""
        return await self._transport.get(f"{self._notifications}/preferences", NotificationPreferences)

    async def set_notification_preferences(self, preferences: NotificationPreferences) -> NotificationPreferences:
        """Replace your preferences; a substitute is a colleague who has stored some, too."""
        return await self._transport.put(f"{self._notifications}/preferences", NotificationPreferences, preferences)

    async def read_notification_events(
        self,
        after: int = 0,
        at_most: int = FEED_LIMIT,
        kinds: Sequence[NotificationKind] = (),
        list_kinds: Sequence[ListKind] = (),
    ) -> Feed:
        """The same as events, after this number. Keep `next` of the answer, and give it the next time."""
        query: Query = {"after": after, "atMost": at_most, "kinds": tuple(kinds), "listKinds": tuple(list_kinds)}
        return await self._transport.get(f"{self._notifications}/notification-events", Feed, query)

    # Subscriptions

    async def subscribe(self, subscription: NewSubscription, key: str | None = None) -> CreatedSubscription:
        """Be told in one more way. Keep the `secret`: it is shown this once, and a repeated request has it no more."""
        url = f"{self._notifications}/subscriptions"
        return await self._transport.post(url, CreatedSubscription, subscription, key)

    def list_subscriptions(self) -> Listing[Subscriptions, Subscription]:
        """In which ways you are told."""
        url = f"{self._notifications}/subscriptions"
        return self._transport.list(url, Subscriptions, lambda page: page.subscriptions)

    async def get_subscription(self, subscription_id: UUID) -> Subscription:
        """One of them."""
        return await self._transport.get(self._subscription(subscription_id), Subscription)

    async def change_subscription(self, subscription_id: UUID, settings: SubscriptionSettings) -> Subscription:
        """Other settings; what is not given is as if it were new."""
        return await self._transport.put(self._subscription(subscription_id), Subscription, settings)

    async def remove_subscription(self, subscription_id: UUID) -> None:
        """Be told in one way less."""
        await self._transport.delete(self._subscription(subscription_id))

    async def pause_subscription(self, subscription_id: UUID, key: str | None = None) -> Subscription:
        """Be told nothing until it is resumed."""
        return await self._transport.post(f"{self._subscription(subscription_id)}/_pause", Subscription, None, key)

    async def resume_subscription(
        self, subscription_id: UUID, resumption: Resumption, key: str | None = None
    ) -> Subscription:
        """Go on, with what came meanwhile or without it; also after it was disabled."""
        url = f"{self._subscription(subscription_id)}/_resume"
        return await self._transport.post(url, Subscription, resumption, key)

    async def test_subscription(self, subscription_id: UUID, key: str | None = None) -> Subscription:
        """Deliver a notification of the kind `subscription-test`."""
        return await self._transport.post(f"{self._subscription(subscription_id)}/_test", Subscription, None, key)

    async def rotate_secret(self, subscription_id: UUID, rotation: SecretRotation, key: str | None = None) -> NewSecret:
        """A new secret, which is shown this once; the old one is valid beside it for a while."""
        url = f"{self._subscription(subscription_id)}/_rotate"
        return await self._transport.post(url, NewSecret, rotation, key)

    async def recover_deliveries(self, subscription_id: UUID, since: datetime, key: str | None = None) -> Recovered:
        """Have delivered what was news since then and was not."""
        url = f"{self._subscription(subscription_id)}/_recover"
        return await self._transport.post(url, Recovered, Recovery(since=since), key)

    # Deliveries

    def list_deliveries(
        self,
        subscription_id: UUID | None = None,
        state: DeliveryState | None = None,
        *,
        newest_first: bool = False,
    ) -> Listing[Deliveries, Delivery]:
        """What was to be delivered, and what became of it."""
        query = {"subscriptionId": subscription_id, "state": state, "newestFirst": "true" if newest_first else None}
        given = {name: str(value) for name, value in query.items() if value is not None}
        return self._transport.list(
            f"{self._notifications}/deliveries", Deliveries, lambda page: page.deliveries, given
        )

    async def get_delivery(self, delivery_id: UUID) -> DeliveryInFull:
        """One of them, with each attempt."""
        return await self._transport.get(f"{self._notifications}/deliveries/{delivery_id}", DeliveryInFull)

    async def resend_delivery(self, delivery_id: UUID, key: str | None = None) -> Delivery:
        """Have it delivered again, whatever became of it."""
        url = f"{self._notifications}/deliveries/{delivery_id}/_resend"
        return await self._transport.post(url, Delivery, None, key)

    def _subscription(self, subscription_id: UUID) -> str:
        return f"{self._notifications}/subscriptions/{subscription_id}"
