"""The municipalities' HTTP API: slots, claims, and how far each quota is."""

from uuid import UUID

from schemas.api.municipalities import (
    Claim,
    Municipalities,
    Municipality,
    NewClaim,
    NewMunicipality,
    NewQuotas,
    NewSlot,
    Quota,
    Quotas,
    QuotasQuery,
    Slot,
    Slots,
    SlotsQuery,
)
from schemas.api.paging import PageQuery
from services.chassis.database import Row
from services.chassis.identity import Role
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.chassis.web import Api, Call, Contact, Operation, Paging, Reply
from services.municipalities import domain, handlers, store
from services.municipalities.tables import idempotency_keys, ledger
from services.municipalities.tables import municipalities as municipalities_table
from services.municipalities.tables import slots as slots_table

BASE = "/municipalities/v1"
READ, WRITE, MANAGE = "municipalities:read", "municipalities:write", "municipalities:manage"
OWNERS, OPERATORS = frozenset({Role.MUNICIPALITY}), frozenset({Role.OPERATOR})
READERS = frozenset({Role.MUNICIPALITY, Role.OPERATOR, Role.AUDITOR})

MUNICIPALITIES = Paging(f"{BASE}/municipalities", tuple[str], [municipalities_table.c.code])
SLOTS = Paging(f"{BASE}/slots", tuple[UUID], [slots_table.c.id])
QUOTAS = Paging(f"{BASE}/quotas", tuple[str, str], [ledger.c.half_year, ledger.c.municipality_code])

_ID = UUID("019a0000-0000-7000-8000-000000000001")


async def post_municipality(call: Call[NewMunicipality], unit: UnitOfWork) -> Reply:
    """Register a municipality."""
    body = call.body
    await handlers.register_municipality(unit, body.municipality_code, body.name, body.inhabitants)
    return Reply(201, Municipality(**dict(body)))


async def get_municipalities(call: Call[None, PageQuery], unit: UnitOfWork) -> Reply:
    """List the municipalities."""
    rows = await store.rows(unit, MUNICIPALITIES.select(municipalities_table.select(), call.query))
    page = MUNICIPALITIES.page(rows, call.query, lambda row: (row["code"],))
    return Reply(200, Municipalities(municipalities=[_municipality(row) for row in page.rows]), page.headers)


async def post_quotas(call: Call[NewQuotas], unit: UnitOfWork) -> Reply:
    """Share out the national number for a half-year."""
    body = call.body
    shares = await handlers.set_quotas(unit, body.half_year, body.national_quota, body.national_inhabitants)
    quotas = [
        Quota(municipality_code=code, half_year=body.half_year, task=task, claimed=0, housed=0, remaining=task)
        for code, task in shares.items()
    ]
    return Reply(201, Quotas(quotas=quotas))


async def get_quotas(call: Call[None, QuotasQuery], unit: UnitOfWork) -> Reply:
    """List quotas: a municipality's own, or all of them for operators and auditors."""
    principal, query = call.principal, call.query
    only = principal.organisation if principal.role is Role.MUNICIPALITY else None
    rows = await store.rows(unit, QUOTAS.select(store.quotas(only, query.half_year), query))
    page = QUOTAS.page(rows, query, lambda row: (row["half_year"], row["municipality_code"]))
    return Reply(200, Quotas(quotas=[_quota(row) for row in page.rows]), page.headers)


async def post_slot(call: Call[NewSlot], unit: UnitOfWork) -> Reply:
    """Open a slot."""
    body, mine = call.body, call.principal.organisation
    slot = await handlers.open_slot(unit, mine, body.places, body.available_from, wheelchair=body.wheelchair)
    return Reply(201, _slot(slot))


async def get_slots(call: Call[None, SlotsQuery], unit: UnitOfWork) -> Reply:
    """List your slots."""
    mine = store.own_slots(call.principal.organisation, call.query.state)
    rows = await store.rows(unit, SLOTS.select(mine, call.query))
    page = SLOTS.page(rows, call.query, lambda row: (row["id"],))
    return Reply(200, Slots(slots=[_slot(store.slot_of(row)) for row in page.rows]), page.headers)


async def withdraw_slot(call: Call, unit: UnitOfWork) -> Reply:
    """Take a slot back."""
    return Reply(200, _slot(await handlers.withdraw_slot(unit, call.uuid("slotId"), call.principal.organisation)))


async def post_claim(call: Call[NewClaim], unit: UnitOfWork) -> Reply:
    """Claim the household that accepted a slot."""
    return Reply(201, _claim(await handlers.claim_slot(unit, call.body.slot_id, call.principal.organisation)))


async def house_claim(call: Call, unit: UnitOfWork) -> Reply:
    """Record that a claimed household has moved in."""
    return Reply(200, _claim(await handlers.house_claim(unit, call.uuid("claimId"), call.principal.organisation)))


def _municipality(row: Row) -> Municipality:
    return Municipality(municipality_code=row["code"], name=row["name"], inhabitants=row["inhabitants"])


def _quota(row: Row) -> Quota:
    same = ("municipality_code", "half_year", "task", "claimed", "housed")
    return Quota(**{name: row[name] for name in same}, remaining=row["task"] - row["housed"])


def _slot(slot: domain.Slot) -> Slot:
    return Slot(
        slot_id=slot.id,
        municipality_code=slot.municipality_code,
        places=slot.places,
        wheelchair=slot.wheelchair,
        state=slot.state,
        accepted=slot.accepted,
        adults=slot.adults,
        children=slot.children,
    )


def _claim(claim: dict[str, object]) -> Claim:
    same = ("slot_id", "people", "half_year", "state", "claimed_at", "housed_at")
    return Claim.model_validate({"claim_id": claim["id"]} | {name: claim[name] for name in same})


def api(transactions: Transactions, contact: Contact) -> Api[UnitOfWork]:
    """The municipalities' API."""
    return Api(
        name="municipalities",
        title="doorstroom municipalities",
        description="Slots under the housing quota, claims, and the quota ledger. A municipality changes only its own.",
        version="1.0.0",
        base_path=BASE,
        operations=(*_quota_operations(), *_slot_operations(), *_claim_operations()),
        contact=contact,
        work=transactions,
        idempotency_keys=idempotency_keys,
    )


def _quota_operations() -> tuple[Operation[UnitOfWork], ...]:
    return (
        Operation(
            method="POST",
            path=f"{BASE}/municipalities",
            operation_id="registerMunicipality",
            summary="Register a municipality",
            scope=MANAGE,
            roles=OPERATORS,
            handler=post_municipality,
            request=NewMunicipality,
            request_example=NewMunicipality(municipality_code="GM0344", name="Utrecht", inhabitants=361_699),
            response=Municipality,
            status=201,
            errors=(409,),
            tags=("municipalities",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/municipalities",
            operation_id="listMunicipalities",
            summary="List the municipalities",
            scope=READ,
            roles=READERS,
            handler=get_municipalities,
            query=PageQuery,
            response=Municipalities,
            tags=("municipalities",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/quotas",
            operation_id="setQuotas",
            summary="Share out the national number for a half-year",
            description="Each municipality gets its part by population, rounded up, in integers.",
            scope=MANAGE,
            roles=OPERATORS,
            handler=post_quotas,
            request=NewQuotas,
            request_example=NewQuotas(half_year="2023-H1", national_quota=21_200, national_inhabitants=17_590_672),
            response=Quotas,
            status=201,
            errors=(409,),
            tags=("quotas",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/quotas",
            operation_id="listQuotas",
            summary="List quotas and how far they are",
            description="A municipality sees its own; operators and auditors see all.",
            scope=READ,
            roles=READERS,
            handler=get_quotas,
            query=QuotasQuery,
            response=Quotas,
            tags=("quotas",),
        ),
    )


def _slot_operations() -> tuple[Operation[UnitOfWork], ...]:
    return (
        Operation(
            method="POST",
            path=f"{BASE}/slots",
            operation_id="openSlot",
            summary="Open a slot under your quota",
            description="The next household on the housing list is offered it at once.",
            scope=WRITE,
            roles=OWNERS,
            handler=post_slot,
            request=NewSlot,
            request_example=NewSlot(places=3),
            response=Slot,
            status=201,
            errors=(404,),
            tags=("slots",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/slots",
            operation_id="listSlots",
            summary="List your slots",
            scope=READ,
            roles=OWNERS,
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
            scope=WRITE,
            roles=OWNERS,
            handler=withdraw_slot,
            response=Slot,
            errors=(404, 409),
            tags=("slots",),
        ),
    )


def _claim_operations() -> tuple[Operation[UnitOfWork], ...]:
    return (
        Operation(
            method="POST",
            path=f"{BASE}/claims",
            operation_id="claimHousehold",
            summary="Claim the household that accepted a slot",
            description="Binding: this household is yours. It counts when it is housed.",
            scope=WRITE,
            roles=OWNERS,
            handler=post_claim,
            request=NewClaim,
            request_example=NewClaim(slot_id=_ID),
            response=Claim,
            status=201,
            errors=(404, 409),
            tags=("claims",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/claims/{{claimId}}/_house",
            operation_id="houseHousehold",
            summary="Record that a claimed household has moved in",
            description="From now on its members count for your quota.",
            scope=WRITE,
            roles=OWNERS,
            handler=house_claim,
            response=Claim,
            errors=(404, 409),
            tags=("claims",),
        ),
    )
