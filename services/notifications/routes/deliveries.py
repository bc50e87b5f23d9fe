"""What was delivered, with each attempt; and to deliver it again."""

from functools import partial
from uuid import UUID

from schemas.api.subscriptions import Deliveries, Delivery, DeliveryAttempt, DeliveryInFull, DeliveryQuery
from schemas.vocabulary import AttemptVerdict, DeliveryState
from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Paging, Reply
from services.notifications.channels.shown import BASE
from services.notifications.domain.following import State
from services.notifications.handlers.subscribing import Subscribing
from services.notifications.store import deliveries as store
from services.notifications.tables import deliveries as table

PATH = f"{BASE}/deliveries"
ONE = f"{PATH}/{{deliveryId}}"
PAGES = Paging(PATH, tuple[UUID], [table.c.id])
ATTEMPTS_LIMIT = 100
_TAGS = ("deliveries",)


async def get_deliveries(call: Call[None, DeliveryQuery], unit: UnitOfWork) -> Reply:
    """List your deliveries."""
    state = None if call.query.state is None else State(call.query.state)
    mine = store.of_organisation(call.principal.organisation, call.query.subscription_id, state)
    rows = await unit.execute(PAGES.select(mine, call.query, newest_first=call.query.newest_first))
    page = PAGES.page(rows, call.query, lambda row: (row.id,))
    return Reply(200, Deliveries(deliveries=[_delivery(row) for row in page.rows]), page.headers)


async def get_delivery(call: Call, unit: UnitOfWork) -> Reply:
    """Look at a delivery."""
    row = await store.find(unit, call.uuid("deliveryId"), call.principal.organisation)
    attempts = [_attempt(one) for one in await store.attempts_of(unit, row.id, ATTEMPTS_LIMIT)]
    return Reply(200, DeliveryInFull(**_delivery(row).model_dump(), last_attempts=attempts))


async def resend_delivery(subscribing: Subscribing, call: Call, unit: UnitOfWork) -> Reply:
    """Deliver again."""
    row = await subscribing.resend(unit, call.uuid("deliveryId"), call.principal.organisation)
    return Reply(200, _delivery(row))


def _delivery(row: Row) -> Delivery:
    return Delivery(
        delivery_id=row.id,
        subscription_id=row.subscription_id,
        notification_id=row.notification_id,
        kind=row.kind,
        subject=row.subject,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        next_attempt_at=row.due_at,
        created_at=row.created_at,
        settled_at=row.settled_at,
    )


def _attempt(row: Row) -> DeliveryAttempt:
    return DeliveryAttempt(
        number=row.number,
        started_at=row.started_at,
        duration_milliseconds=row.duration_milliseconds,
        verdict=AttemptVerdict(row.verdict),
        status=row.status,
        reason=row.reason,
    )


def operations(subscribing: Subscribing) -> tuple[Operation[UnitOfWork], ...]:
    """All of them."""
    return (
        Operation(
            method="GET",
            path=PATH,
            operation_id="listDeliveries",
            summary="List your deliveries",
            description="Those that wait, and those that were settled, for as long as everything is on record.",
            handler=get_deliveries,
            query=DeliveryQuery,
            response=Deliveries,
            tags=_TAGS,
        ),
        Operation(
            method="GET",
            path=ONE,
            operation_id="getDelivery",
            summary="Look at a delivery",
            description="With each attempt, the last hundred of them.",
            handler=get_delivery,
            response=DeliveryInFull,
            tags=_TAGS,
        ),
        Operation(
            method="POST",
            path=f"{ONE}/_resend",
            operation_id="resendDelivery",
            summary="Deliver again",
            description="Whatever became of it, as if it were new, and with the same id.",
            handler=partial(resend_delivery, subscribing),
            response=Delivery,
            tags=_TAGS,
        ),
    )
