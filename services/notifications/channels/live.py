"""The live stream: a recipient's inbox as server-sent events, the moment it is committed."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from schemas.api.notifications import Notification
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.chassis.web import Call, EventStream, Operation, ServerSentEvent
from services.notifications.channels.hub import Feed, Hub
from services.notifications.channels.port import Channel
from services.notifications.channels.shown import BASE, shown
from services.notifications.channels.wakeups import Wakeups
from services.notifications.store import inbox
from services.notifications.store.inbox import StoredNotification

BACKLOG_PAGE = 100


class LiveStream(Channel):
    """Every stream that is open in this process, and what wakes them."""

    name = "stream"

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._hub = Hub()
        self._wakeups = Wakeups(transactions, self._hub)

    @property
    def operations(self) -> Sequence[Operation[UnitOfWork]]:
        """Its route."""
        return (
            Operation(
                method="GET",
                path=f"{BASE}/events",
                operation_id="streamNotifications",
                summary="Receive your notifications live",
                description=(
                    "Server-sent events, from the moment of connecting. After a break, send the id of the last event "
                    "as Last-Event-ID, and nothing is missed."
                ),
                last_event_id=r"[0-9]{1,18}",
                stream=self._stream,
                response=Notification,
                tags=("notifications",),
            ),
        )

    @property
    def background(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """Tells other replicas of what was stored here, and hears of what they stored."""
        return {"wakeups": self._wakeups.run}

    def stored(self, stored: Sequence[StoredNotification]) -> None:
        """Onto every open stream, at once."""
        self._hub.deliver(stored)

    async def _stream(self, call: Call[Any, Any], stream: EventStream) -> None:
        """Send what comes, and first what came since Last-Event-ID."""
        recipient = call.principal.organisation
        with self._hub.open(recipient) as feed:
            sequence = await self._begin(recipient, stream.last_event_id)
            # So that a reader whose line breaks before there was anything comes back for what it missed.
            await stream.send(ServerSentEvent(None, id=str(sequence)))
            async for stored in _follow(self._transactions, feed, recipient, sequence):
                data = shown(stored).model_dump_json(by_alias=True)
                await stream.send(ServerSentEvent(data, id=str(stored.sequence), event=stored.kind))

    async def _begin(self, recipient: str, last_event_id: str | None) -> int:
        """After which number to begin: the one the reader has, or the newest there is."""
        newest = await self._transactions.read(partial(inbox.last_sequence, recipient=recipient), confined_to=recipient)
        if last_event_id is None:
            return newest
        # A number that was never given would wait for ever.
        return min(int(last_event_id), newest)


async def _follow(
    transactions: Transactions, feed: Feed, recipient: str, sequence: int
) -> AsyncIterator[StoredNotification]:
    """Everything of a recipient's after this number, in order and without gaps, and then whatever comes."""
    while True:
        while page := await transactions.read(
            lambda unit, last=sequence: inbox.after(unit, recipient, last, BACKLOG_PAGE),  # type: ignore[misc] # mypy cannot infer a lambda with a default
            confined_to=recipient,
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
