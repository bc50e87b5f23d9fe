"""Bodies of the notifications' API about subscriptions: who is told of what, in which way, and how that went."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.api.notifications import NotificationEvent
from schemas.api.paging import RecentQuery
from schemas.api.registry import Waitlist
from schemas.base import Schema, UtcDatetime
from schemas.sensitivity import Sensitivity, Word
from schemas.vocabulary import (
    AttemptVerdict,
    DeliveryOrder,
    DeliveryState,
    ListKind,
    NotificationKind,
    Region,
    SubscriptionChannel,
    SubscriptionState,
)

Throttle = Annotated[int, Field(ge=1, le=600, description="at most so many deliveries a minute")]
Address = Annotated[
    str,
    Field(min_length=1, max_length=2000, description="where it goes: a URL, or an e-mail address"),
    Sensitivity.PERSONAL,
]
Kinds = Annotated[
    list[NotificationKind],
    Field(max_length=len(NotificationKind), description="which kinds; none means all"),
]
ListKinds = Annotated[
    list[ListKind],
    Field(
        default_factory=list,
        max_length=len(ListKind),
        description="of which lists; none means all, and what is about no list always comes",
    ),
]


_UNFILED = "none means all, and what it is not known of always comes"
Waitlists = Annotated[list[Waitlist], Field(max_length=5, description=f"of which programmes; {_UNFILED}")]
Regions = Annotated[
    list[Region],
    Field(
        max_length=len(Region), description=f"of households that look there first, wherever the place is; {_UNFILED}"
    ),
]
CaseIds = Annotated[list[UUID], Field(max_length=100, description=f"about which cases of yours; {_UNFILED}")]


class SubscriptionSettings(Schema):
    """What its owner decides about a subscription."""

    address: Address | None = None
    kinds: Kinds = Field(default_factory=list)
    list_kinds: ListKinds = Field(default_factory=list)
    waitlists: Waitlists = Field(default_factory=list)
    regions: Regions = Field(default_factory=list)
    case_ids: CaseIds = Field(default_factory=list)
    order: DeliveryOrder = DeliveryOrder.BY_SUBJECT
    throttle_per_minute: Throttle | None = None


class NewSubscription(SubscriptionSettings):
    """A way to be told of your notifications from now on."""

    channel: SubscriptionChannel = Field(description="in which way you are told")


class Subscription(SubscriptionSettings):
    """A way in which you are told of your notifications."""

    subscription_id: UUID
    channel: SubscriptionChannel = Field(description="in which way you are told")
    state: SubscriptionState
    reason: Word | None = Field(None, description="why it is disabled, in a word, such as `failing`")
    failing_since: UtcDatetime | None = Field(None, description="since when every attempt has failed")
    created_at: UtcDatetime


class CreatedSubscription(Subscription):
    """The same with the secret of its signatures, which is shown this once."""

    secret: Annotated[str | None, Sensitivity.SECRET] = Field(
        None, description="`whsec_` and base64; not there when the request is repeated"
    )


class Subscriptions(Schema):
    """A page of subscriptions."""

    subscriptions: list[Subscription]


class NewSecret(Schema):
    """A new secret, which is shown this once. Until the old one ends, each delivery is signed with both."""

    secret: Annotated[str | None, Sensitivity.SECRET] = Field(
        None, description="`whsec_` and base64; not there when the request is repeated"
    )
    old_secret_ends_at: UtcDatetime


class SecretRotation(Schema):
    """How long the old secret is valid beside the new one."""

    overlap_seconds: int = Field(86_400, ge=0, le=7 * 86_400)

    @property
    def overlap(self) -> timedelta:
        """The same as a duration."""
        return timedelta(seconds=self.overlap_seconds)


class Resumption(Schema):
    """How a subscription goes on."""

    catch_up: bool = Field(default=True, description="whether what came meanwhile is delivered, or skipped")


class Recovery(Schema):
    """From when on everything is to be delivered that was not."""

    since: UtcDatetime = Field(description="what was news at this moment or later")


class Recovered(Schema):
    """How many deliveries were given up and are tried again; what was never tried comes as well."""

    deliveries: int = Field(ge=0)


class DeliveryQuery(RecentQuery):
    """Which deliveries to list."""

    subscription_id: UUID | None = Field(None, description="only those of this subscription")
    state: DeliveryState | None = Field(None, description="only those in this state")


class Delivery(Schema):
    """One notification to one endpoint. Its `notificationId` is the id of the event and of the webhook."""

    delivery_id: UUID
    subscription_id: UUID
    notification_id: UUID
    kind: Word = Field(description="such as offer-made")
    subject: UUID = Field(description="what it is about, such as an offer")
    state: DeliveryState
    attempts: int = Field(ge=0, description="how often it was tried")
    next_attempt_at: UtcDatetime | None = None
    created_at: UtcDatetime
    settled_at: UtcDatetime | None = Field(None, description="since when it is in this state, unless that is `pending`")


class Deliveries(Schema):
    """A page of deliveries, in the order in which they were made."""

    deliveries: list[Delivery]


class DeliveryAttempt(Schema):
    """One attempt to deliver. What the receiver wrote is not kept."""

    number: int = Field(ge=1)
    started_at: UtcDatetime
    duration_milliseconds: int = Field(ge=0)
    verdict: AttemptVerdict
    status: int | None = Field(None, description="the status of the answer, if there was one")
    reason: Word = Field(description="in a word, such as `timed-out`")


class DeliveryInFull(Delivery):
    """A delivery with its last attempts, the newest first."""

    last_attempts: list[DeliveryAttempt]


class FeedQuery(Schema):
    """From where to read on, and what."""

    after: int = Field(
        0,
        ge=0,
        le=2**53,
        description="what `next` was the last time, or the `sequence` that you have; 0: the beginning",
    )
    at_most: int = Field(100, ge=1, le=100, description="How many items at most.")
    kinds: Kinds = Field(default_factory=list)
    list_kinds: ListKinds = Field(default_factory=list)


class Feed(Schema):
    """Your notifications as events, in order. Read on after `next`, now or later."""

    events: list[NotificationEvent]
    next: int = Field(ge=0, description="what to give as `after` the next time")
    more: bool = Field(description="whether there is more at this moment")
