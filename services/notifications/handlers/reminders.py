"""Reminds of offers that nobody answers, until somebody does: the coordinator, a substitute, and the helpdesk.

What is pending is learned from the same events as everything else. A decision removes it in the transaction that tells
of it, and a reminder is decided upon under the lock of the recipient's inbox that this transaction needs as well. So
whichever comes first, no reminder follows a decision that this service has heard of. It does not remind while it
cannot hear either.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from schemas.base import Message
from schemas.messages.deadlines import DeadlineNearing
from schemas.messages.offers import OfferMade, OfferMessage
from schemas.messages.placements import PlacementEnded
from services.calendar.hours import IsHoliday
from services.chassis.unit_of_work import UnitOfWork
from services.notifications.channels.port import Channel, announce
from services.notifications.domain import ladders
from services.notifications.domain.ladders import Ladder, Reminder, Span
from services.notifications.store import inbox
from services.notifications.store import reminders as store
from services.notifications.store.inbox import News
from services.notifications.store.reminders import Pending

BATCH = 100
SETTLE = timedelta(seconds=30)
"""What should have been said before an offer was heard of waits so long: perhaps the answer is under way as well."""
POLLS_TO_CATCH_UP = 5
"""So many looks are let pass after a time without the broker, for what was missed to arrive."""


@dataclass(slots=True)
class Reminders:
    """Knows when to remind of what."""

    ladders: Mapping[str, Ladder]
    is_holiday: IsHoliday
    helpdesk: str
    hears: Callable[[], bool]
    """Whether messages come at this moment."""
    channels: Sequence[Channel]
    _to_catch_up: int = 0

    async def learn(self, unit: UnitOfWork, events: Sequence[Message], late: Sequence[OfferMade]) -> None:
        """These have just been told: remember what waits for an answer now, and forget what does not any more.

        A warning that overtook its offer says that this waits. Of the offer, when it comes `late`, the moment is taken
        over from which the ladder counts; nothing begins with it, for it may be decided.
        """
        made: dict[UUID, OfferMade] = {}
        over: dict[UUID, None] = {}
        near: dict[UUID, DeadlineNearing] = {}
        for event in sorted(events, key=lambda event: event.version):
            if isinstance(event, OfferMade):
                made[event.offer_id] = event
            elif isinstance(event, DeadlineNearing):
                near[event.offer_id] = event
            elif isinstance(event, OfferMessage | PlacementEnded):
                over[event.offer_id] = None
        await store.add(unit, [self._pending(event, unit.now) for id_, event in made.items() if id_ not in over])
        await self._overtook(unit, {id_: event for id_, event in near.items() if id_ not in made and id_ not in over})
        await store.remove(unit, list(over))
        await self._came_late(unit, {event.offer_id: event for event in late})

    async def _overtook(self, unit: UnitOfWork, near: Mapping[UUID, DeadlineNearing]) -> None:
        """Of an offer that was not heard of yet: as if it were made now."""
        known = await store.waiting(unit, list(near)) if near else set()
        spans = {id_: Span(unit.now, event.deadline_at) for id_, event in near.items() if id_ not in known}
        await store.add(unit, [self._waits(near[id_], span, unit.now) for id_, span in spans.items()])

    async def _came_late(self, unit: UnitOfWork, late: Mapping[UUID, OfferMade]) -> None:
        spans = {id_: Span(event.made_at, event.deadline_at) for id_, event in late.items()}
        held = await store.hold_waiting(unit, list(late)) if late else []
        await store.change_spans(unit, [self._counted_anew(item, spans[item.id]) for item in held])

    def _counted_anew(self, item: Pending, span: Span) -> Pending:
        return replace(item, span=span, due_at=self._next(item.list_kind, span, item.told_until))

    async def next_due(self, unit: UnitOfWork) -> datetime | None:
        """When to remind of something next; None also when it cannot be known whether that is still right."""
        return await store.next_due(unit) if self._has_caught_up() else None

    async def remind(self, unit: UnitOfWork) -> datetime | None:
        """Say what is due, and give the moment when the next is. Safe in any number of replicas."""
        candidates = await store.due(unit, BATCH)
        if candidates:
            await store.hold_recipients(unit, [self.helpdesk, *(row.recipient for row in candidates)])
            held = await store.hold(unit, [row.id for row in candidates])
            news = [news for item in held for news in self._news(item, unit.now)]
            await store.save(unit, [self._told(item, unit.now) for item in held])
            stored = await inbox.add(unit, news)
            announce(self.channels, unit, stored)
        return await store.next_due(unit)

    def _has_caught_up(self) -> bool:
        if not self.hears():
            self._to_catch_up = POLLS_TO_CATCH_UP
        elif self._to_catch_up:
            self._to_catch_up -= 1
        return not self._to_catch_up

    def _pending(self, event: OfferMade, now: datetime) -> Pending:
        return self._waits(event, Span(event.made_at, event.deadline_at), now)

    def _waits(self, event: OfferMessage, span: Span, now: datetime) -> Pending:
        due_at = self._next(event.list_kind, span, span.began_at)
        if due_at is not None and due_at <= now:
            due_at = now + SETTLE
        return Pending(event.offer_id, event.recipient, event.list_kind, span, span.began_at, due_at)

    def _told(self, item: Pending, now: datetime) -> Pending:
        return replace(item, told_until=now, due_at=self._next(item.list_kind, item.span, now))

    def _next(self, list_kind: str, span: Span, after: datetime) -> datetime | None:
        return ladders.next_due(self.ladders[list_kind], span, after, self.is_holiday)

    def _news(self, item: Pending, now: datetime) -> list[News]:
        due = ladders.due(self.ladders[item.list_kind], item.span, item.told_until, now, self.is_holiday)
        return [self._of(item, reminder) for reminder in due if self._concerns(item, reminder)]

    def _concerns(self, item: Pending, reminder: Reminder) -> bool:
        """The helpdesk is not told to act for itself."""
        return reminder is not Reminder.FOR_HELPDESK or item.recipient != self.helpdesk

    def _of(self, item: Pending, reminder: Reminder) -> News:
        recipient = self.helpdesk if reminder is Reminder.FOR_HELPDESK else item.recipient
        return News(recipient, reminder, item.id, 1, f"/registry/v1/offers/{item.id}", item.list_kind)
