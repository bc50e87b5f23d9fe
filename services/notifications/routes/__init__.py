"""The notifications' HTTP API: a recipient's inbox, subscriptions and deliveries, and what the channels add."""

from collections.abc import Sequence

from schemas.access import ACCESS
from schemas.api.notifications import Notifications
from schemas.api.paging import PageQuery
from services.chassis import oversight
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.chassis.web import Api, Call, Contact, Operation, Paging, Reply
from services.notifications.channels.port import Channel
from services.notifications.channels.shown import BASE, shown
from services.notifications.handlers.subscribing import Subscribing
from services.notifications.routes import deliveries, preferences
from services.notifications.routes.subscriptions import SubscriptionRoutes
from services.notifications.store import inbox
from services.notifications.tables import idempotency_keys, messages
from services.notifications.tables import notifications as notifications_table

INBOX = Paging(f"{BASE}/notifications", tuple[int], [notifications_table.c.sequence])


async def get_notifications(call: Call[None, PageQuery], unit: UnitOfWork) -> Reply:
    """List your notifications."""
    mine = inbox.of_recipient(call.principal.organisation)
    found = await inbox.find(unit, INBOX.select(mine, call.query))
    page = INBOX.page(found, call.query, lambda stored: (stored.sequence,))
    return Reply(200, Notifications(notifications=[shown(item) for item in page.rows]), page.headers)


OPERATIONS: tuple[Operation[UnitOfWork], ...] = (
    Operation(
        method="GET",
        path=f"{BASE}/notifications",
        operation_id="listNotifications",
        summary="List your notifications",
        handler=get_notifications,
        query=PageQuery,
        response=Notifications,
        tags=("notifications",),
    ),
)


def api(
    transactions: Transactions, channels: Sequence[Channel], subscribing: Subscribing, contact: Contact
) -> Api[UnitOfWork]:
    """The notifications' API."""
    return Api(
        name="notifications",
        title="doorstroom notifications",
        description="There is something for you: what concerns your organisation, and where to look.",
        version="1.1.0",
        base_path=BASE,
        operations=(
            *OPERATIONS,
            *(operation for channel in channels for operation in channel.operations),
            *preferences.operations(),
            *SubscriptionRoutes(subscribing).operations(),
            *deliveries.operations(subscribing),
            *oversight.operations("notifications", BASE, messages),
        ),
        access=ACCESS["notifications"],
        contact=contact,
        work=transactions,
        idempotency_keys=idempotency_keys,
    )
