"""The notifications' HTTP API: a recipient's inbox, and the same live."""

from functools import partial

from schemas.api.notifications import Notification, Notifications
from schemas.api.paging import PageQuery
from services.chassis.identity import Role
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.chassis.web import Api, Call, Contact, EventStream, Operation, Paging, Reply, ServerSentEvent
from services.notifications import handlers, store
from services.notifications.hub import Hub
from services.notifications.store import StoredNotification
from services.notifications.tables import idempotency_keys
from services.notifications.tables import notifications as notifications_table

BASE = "/notifications/v1"
READ = "notifications:read"
RECIPIENTS = frozenset({Role.COORDINATOR, Role.HELPDESK})

INBOX = Paging(f"{BASE}/notifications", tuple[int], [notifications_table.c.sequence])


async def get_notifications(call: Call[None, PageQuery], unit: UnitOfWork) -> Reply:
    """List your notifications."""
    mine = store.of_recipient(call.principal.organisation)
    found = await store.find(unit, INBOX.select(mine, call.query))
    page = INBOX.page(found, call.query, lambda stored: (stored.sequence,))
    return Reply(200, Notifications(notifications=[_notification(item) for item in page.rows]), page.headers)


async def stream_notifications(hub: Hub, transactions: Transactions, call: Call, stream: EventStream) -> None:
    """Send what comes, and first what came since Last-Event-ID."""
    recipient = call.principal.organisation
    with hub.open(recipient) as feed:
        sequence = await _begin(transactions, recipient, stream.last_event_id)
        # So that a reader whose line breaks before there was anything comes back for what it missed.
        await stream.send(ServerSentEvent(None, id=str(sequence)))
        async for stored in handlers.follow(transactions, feed, recipient, sequence):
            data = _notification(stored).model_dump_json(by_alias=True)
            await stream.send(ServerSentEvent(data, id=str(stored.sequence), event=stored.kind))


async def _begin(transactions: Transactions, recipient: str, last_event_id: str | None) -> int:
    """After which number to begin: the one the reader has, or the newest there is."""
    newest = await transactions.read(lambda unit: store.last_sequence(unit, recipient))
    if last_event_id is None:
        return newest
    # A number that was never given would wait for ever.
    return min(int(last_event_id), newest)


def _notification(stored: StoredNotification) -> Notification:
    return Notification(
        notification_id=stored.id,
        sequence=stored.sequence,
        kind=stored.kind,
        subject=stored.subject,
        dataref=stored.dataref,
        notified_at=stored.notified_at,
    )


def api(transactions: Transactions, hub: Hub, contact: Contact) -> Api[UnitOfWork]:
    """The notifications' API."""
    return Api(
        name="notifications",
        title="doorstroom notifications",
        description="There is something for you: what concerns your organisation, and where to look.",
        version="1.0.0",
        base_path=BASE,
        operations=_operations(transactions, hub),
        contact=contact,
        work=transactions,
        idempotency_keys=idempotency_keys,
    )


def _operations(transactions: Transactions, hub: Hub) -> tuple[Operation[UnitOfWork], ...]:
    return (
        Operation(
            method="GET",
            path=f"{BASE}/notifications",
            operation_id="listNotifications",
            summary="List your notifications",
            scope=READ,
            roles=RECIPIENTS,
            handler=get_notifications,
            query=PageQuery,
            response=Notifications,
            tags=("notifications",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/events",
            operation_id="streamNotifications",
            summary="Receive your notifications live",
            description=(
                "Server-sent events, from the moment of connecting. After a break, send the id of the last event as "
                "Last-Event-ID, and nothing is missed."
            ),
            scope=READ,
            roles=RECIPIENTS,
            last_event_id=r"[0-9]{1,18}",
            stream=partial(stream_notifications, hub, transactions),
            response=Notification,
            tags=("notifications",),
        ),
    )
