"""What the notifications' service does: turns events into news for whom they concern, and streams it live."""

from collections.abc import AsyncIterator, Sequence

from schemas.messages.deadlines import ContactNeeded, DeadlineNearing, ReflectionPeriodEnding
from schemas.messages.offers import (
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferRevoked,
    PlacementFellThrough,
)
from schemas.messages.placements import PlacementEnded
from services.chassis import tracing
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.notifications import measures, store
from services.notifications.hub import Feed, Hub
from services.notifications.store import News, StoredNotification

BACKLOG_PAGE = 100

Notifiable = (
    OfferMade
    | OfferAccepted
    | OfferDeclined
    | OfferExpired
    | OfferRevoked
    | PlacementFellThrough
    | PlacementEnded
    | DeadlineNearing
    | ReflectionPeriodEnding
    | ContactNeeded
)

KINDS: dict[type[Notifiable], str] = {
    OfferMade: "offer-made",
    OfferAccepted: "offer-accepted",
    OfferDeclined: "offer-declined",
    OfferExpired: "offer-expired",
    OfferRevoked: "offer-revoked",
    PlacementFellThrough: "placement-fell-through",
    PlacementEnded: "placement-ended",
    DeadlineNearing: "deadline-nearing",
    ReflectionPeriodEnding: "reflection-period-ending",
    ContactNeeded: "contact-needed",
}


async def notify(hub: Hub, unit: UnitOfWork, events: Sequence[Notifiable]) -> None:
    """Put into each recipient's inbox what is news to them, and show it live once it is committed."""
    news = await store.newer(unit, [item for event in events for item in _news(event)])
    if news:
        fresh = {item.subject for item in news}
        for event in events:
            if fresh & {item.subject for item in _news(event)}:
                step = tracing.begin(f"notify {KINDS[type(event)]}", tracing.Kind.INTERNAL, tracing.cause_of(event), {})
                unit.after_commit.append(step.end)
        stored = await store.add(unit, news)
        unit.after_commit.append(lambda: hub.deliver(stored))
        told = {item.subject for item in news if item.kind == KINDS[OfferMade]}
        made_at = [event.made_at for event in events if isinstance(event, OfferMade) and event.offer_id in told]
        measures.time_from_offered(unit, made_at)


async def follow(
    transactions: Transactions, feed: Feed, recipient: str, sequence: int
) -> AsyncIterator[StoredNotification]:
    """Everything of a recipient's after this number, in order and without gaps, and then whatever comes."""
    while True:
        while page := await transactions.read(
            lambda unit, last=sequence: store.after(unit, recipient, last, BACKLOG_PAGE)  # type: ignore[misc] # mypy cannot infer a lambda with a default
        ):
            for notification in page:
                yield notification
            sequence = page[-1].sequence
        # From here on the feed is enough, as long as its numbers follow on what was sent.
        in_order = True
        while in_order:
            await feed.changed()
            in_order = bool(feed.waiting)
            while feed.waiting and in_order:
                notification = feed.waiting.popleft()
                in_order = notification.sequence <= sequence + 1
                if notification.sequence == sequence + 1:
                    sequence = notification.sequence
                    yield notification


def _news(event: Notifiable) -> list[News]:
    """For each of those whom the event concerns."""
    kind = KINDS[type(event)]
    if isinstance(event, ReflectionPeriodEnding):
        dataref = f"/registry/v1/cases/{event.case_id}/reflection-period"
        return [News(event.recipient, kind, event.case_id, event.version, dataref)]
    dataref = f"/registry/v1/offers/{event.offer_id}"
    if isinstance(event, ContactNeeded):
        return [News(recipient, kind, event.entry_id, event.version, dataref) for recipient in event.recipients]
    return [News(event.recipient, kind, event.offer_id, event.version, dataref)]
