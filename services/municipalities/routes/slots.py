"""Slots: opened, listed, taken back."""

from uuid import UUID

from schemas.api.municipalities import NewSlot, Slot, Slots, SlotsQuery
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Paging, Reply
from services.municipalities.domain import slots as domain
from services.municipalities.handlers import slots as handlers
from services.municipalities.routes.common import BASE, available, rows
from services.municipalities.store import slots as store
from services.municipalities.tables import slots

SLOTS = Paging(f"{BASE}/slots", tuple[UUID], [slots.c.id])


async def post_slot(call: Call[NewSlot], unit: UnitOfWork) -> Reply:
    """Open a slot."""
    body, mine = call.body, call.principal.organisation
    available_from = available(body.available_from, unit.now)
    slot = await handlers.open_slot(unit, mine, body.places, available_from, wheelchair=body.wheelchair)
    return Reply(201, _slot(slot))


async def get_slots(call: Call[None, SlotsQuery], unit: UnitOfWork) -> Reply:
    """List your slots."""
    mine = store.own_slots(call.principal.organisation, call.query.state)
    page = SLOTS.page(await rows(unit, SLOTS.select(mine, call.query)), call.query, lambda row: (row["id"],))
    return Reply(200, Slots(slots=[_slot(store.slot_of(row)) for row in page.rows]), page.headers)


async def withdraw_slot(call: Call, unit: UnitOfWork) -> Reply:
    """Take a slot back."""
    return Reply(200, _slot(await handlers.withdraw_slot(unit, call.uuid("slotId"), call.principal.organisation)))


def operations() -> tuple[Operation[UnitOfWork], ...]:
    """What can be done about slots."""
    return (
        Operation(
            method="POST",
            path=f"{BASE}/slots",
            operation_id="openSlot",
            summary="Open a slot under your quota",
            description="The next household on the housing list is offered it at once.",
            handler=post_slot,
            request=NewSlot,
            request_example=NewSlot(places=3),
            response=Slot,
            status=201,
            errors=(404, 409),
            tags=("slots",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/slots",
            operation_id="listSlots",
            summary="List your slots",
            handler=get_slots,
            query=SlotsQuery,
            response=Slots,
            tags=("slots",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/slots/{{slotId}}/_withdraw",
            operation_id="withdrawSlot",
            summary="Take a slot back",
            description="A claim that was pending on it is withdrawn as well.",
            handler=withdraw_slot,
            response=Slot,
            errors=(404, 409),
            tags=("slots",),
        ),
    )


def _slot(slot: domain.Slot) -> Slot:
    return Slot(
        slot_id=slot.id,
        municipality_code=slot.municipality_code,
        places=slot.places,
        wheelchair=slot.wheelchair,
        state=slot.state.value,
        accepted=slot.accepted,
        adults=slot.adults,
        children=slot.children,
    )
