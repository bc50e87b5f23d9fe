"""Turns events into news for whom they concern."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from schemas.messages.deadlines import ContactNeeded, DeadlineNearing, LeaseEnding, LeaseSettled, ReflectionPeriodEnding
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
from services.chassis.unit_of_work import UnitOfWork
from services.notifications import measures
from services.notifications.channels.port import Channel, announce
from services.notifications.domain.selection import Filing
from services.notifications.store import inbox
from services.notifications.store.inbox import News

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
    | LeaseEnding
    | LeaseSettled
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
    LeaseEnding: "lease-ending",
    LeaseSettled: "lease-settled",
}


class Learn(Protocol):
    """Is told in the same transaction which events were news."""

    async def __call__(self, unit: UnitOfWork, events: Sequence[Notifiable], late: Sequence[OfferMade]) -> None:
        """`late`: offers of which something newer was told before, so that they are no news."""
        ...


async def notify(channels: Sequence[Channel], learn: Learn, unit: UnitOfWork, events: Sequence[Notifiable]) -> None:
    """Put into each recipient's inbox what is news to them, and tell the channels once it is committed, in order."""
    news = await inbox.newer(unit, [item for event in events for item in _news(event)])
    fresh = {item.subject for item in news}
    await inbox.file(unit, {id_: filing for event in events for id_, filing in _filing(event)})
    late = [event for event in events if isinstance(event, OfferMade) and event.offer_id not in fresh]
    if not news and late:
        await learn(unit, [], late)
    if news:
        for event in events:
            if fresh & {item.subject for item in _news(event)}:
                step = tracing.begin(f"notify {KINDS[type(event)]}", tracing.Kind.INTERNAL, tracing.cause_of(event), {})
                unit.after_commit.append(step.end)
        stored = await inbox.add(unit, news)
        # After the numbers are taken: whoever reminds takes the locks in this order too.
        await learn(unit, [event for event in events if fresh & {item.subject for item in _news(event)}], late)
        announce(channels, unit, stored)
        told = {item.subject for item in news if item.kind == KINDS[OfferMade]}
        made_at = [event.made_at for event in events if isinstance(event, OfferMade) and event.offer_id in told]
        measures.time_from_offered(unit, made_at)


def _filing(event: Notifiable) -> list[tuple[UUID, Filing]]:
    if not isinstance(event, OfferMade) or event.filing is None:
        return []
    return [(event.offer_id, Filing(event.filing.waitlist, event.filing.region, event.filing.case_id))]


def _news(event: Notifiable) -> list[News]:
    """For each of those whom the event concerns."""
    kind = KINDS[type(event)]
    if isinstance(event, ReflectionPeriodEnding):
        dataref = f"/registry/v1/cases/{event.case_id}/reflection-period"
        return [News(event.recipient, kind, event.case_id, event.version, dataref)]
    if isinstance(event, LeaseEnding | LeaseSettled):
        return [News(event.recipient, kind, event.vacancy_id, event.version, "/shelters/v1/units")]
    dataref = f"/registry/v1/offers/{event.offer_id}"
    if isinstance(event, ContactNeeded):
        return [News(recipient, kind, event.entry_id, event.version, dataref) for recipient in event.recipients]
    return [News(event.recipient, kind, event.offer_id, event.version, dataref, event.list_kind)]
