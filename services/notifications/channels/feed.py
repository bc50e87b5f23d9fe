"""The pull feed: a recipient's inbox as events, from any number on, for those who can open no door."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from schemas.api.notifications import TYPES, NotificationEvent
from schemas.api.subscriptions import Feed, FeedQuery
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Reply
from services.notifications.channels.event import Events
from services.notifications.channels.port import Channel
from services.notifications.channels.shown import BASE
from services.notifications.store import inbox

_EXAMPLE = Feed(
    events=[
        NotificationEvent(
            specversion="1.0",
            id=UUID("019a0000-0000-7000-8000-000000000007"),
            source="urn:nld:kvknr:00000000.notifications",
            type=f"{TYPES}.offer-made.v1",
            subject="019a0000-0000-7000-8000-000000000001",
            time=datetime(2026, 7, 1, 9, 30, tzinfo=UTC),
            dataref="/registry/v1/offers/019a0000-0000-7000-8000-000000000001",
            sequence=f"{7:020}",
            sequencetype="Integer",
        )
    ],
    next=7,
    more=False,
)


class PullFeed(Channel):
    """What was committed is there; nobody needs to be told."""

    name = "feed"

    def __init__(self, events: Events) -> None:
        self._events = events

    @property
    def operations(self) -> Sequence[Operation[UnitOfWork]]:
        """Its route."""
        return (
            Operation(
                method="GET",
                path=f"{BASE}/notification-events",
                operation_id="readNotificationEvents",
                summary="Read your notifications as events",
                description=(
                    "The same events as webhooks bring, in order and without gaps, for whoever cannot be reached from "
                    "outside. Keep `next`, and nothing is missed; ask again after a pause when there is no more."
                ),
                handler=self._read,
                query=FeedQuery,
                response=Feed,
                response_example=_EXAMPLE,
                tags=("notifications",),
            ),
        )

    async def _read(self, call: Call[None, FeedQuery], unit: UnitOfWork) -> Reply:
        """Read your notifications as events."""
        query, mine = call.query, call.principal.organisation
        # First the number: whatever has one up to it is committed.
        newest = await inbox.last_sequence(unit, mine)
        chosen = inbox.chosen_after(mine, query.after, query.kinds, query.list_kinds)
        found = await inbox.find(unit, chosen.limit(query.at_most + 1))
        page, more = found[: query.at_most], len(found) > query.at_most
        after = page[-1].sequence if more else max(query.after, newest, *(item.sequence for item in page))
        return Reply(200, Feed(events=[self._events.of(item) for item in page], next=after, more=more))
