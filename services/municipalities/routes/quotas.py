"""Quotas: set, swapped, and how far each is."""

from functools import partial
from uuid import UUID

from schemas.api.municipalities import (
    NationalNumber,
    NationalNumbers,
    NewQuotas,
    NewQuotaSwap,
    Quota,
    Quotas,
    QuotasQuery,
    QuotaSwap,
    QuotaSwaps,
)
from schemas.api.paging import PageQuery
from services.chassis.database import Row
from services.chassis.errors import FieldError, InvalidInput
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Paging, Reply
from services.municipalities.domain.half_year import HalfYear
from services.municipalities.domain.quotas import QuotaRules
from services.municipalities.handlers import quotas as handlers
from services.municipalities.handlers.quotas import Standing
from services.municipalities.routes.common import BASE, rows
from services.municipalities.store import ledger as store
from services.municipalities.tables import half_years, ledger, quota_swaps

QUOTAS = Paging(f"{BASE}/quotas", tuple[str, str], [ledger.c.half_year, ledger.c.municipality_code])
SWAPS = Paging(f"{BASE}/quota-swaps", tuple[UUID], [quota_swaps.c.id])
HALF_YEARS = Paging(f"{BASE}/half-years", tuple[str], [half_years.c.half_year])


async def post_quotas(quota_rules: QuotaRules, call: Call[NewQuotas], unit: UnitOfWork) -> Reply:
    """Share out the national number for a half-year."""
    body = call.body
    half_year = HalfYear.parse(body.half_year)
    await handlers.set_quotas(unit, quota_rules, half_year, body.national_quota, body.national_inhabitants)
    standings = await handlers.all_standings(unit, half_year, unit.now)
    return Reply(201, Quotas(quotas=[quota_of(standing) for standing in standings]))


async def get_quotas(call: Call[None, QuotasQuery], unit: UnitOfWork) -> Reply:
    """List quotas: a municipality's own, or all of them for operators and auditors."""
    query = call.query
    at = query.at or unit.now
    if at > unit.now:
        raise InvalidInput(fields=[FieldError("/at", "Query parameter: must not be in the future.")])
    found = await rows(unit, QUOTAS.select(store.keys(store.chosen(call.owner, query.half_year), at), query))
    page = QUOTAS.page(found, query, lambda row: (row["half_year"], row["municipality_code"]))
    keys = [(row["half_year"], row["municipality_code"]) for row in page.rows]
    standings = await handlers.standings(unit, keys, at)
    return Reply(200, Quotas(quotas=[quota_of(standing) for standing in standings]), page.headers)


async def post_swap(call: Call[NewQuotaSwap], unit: UnitOfWork) -> Reply:
    """Swap a part of a task."""
    body = call.body
    half_year = HalfYear.parse(body.half_year)
    swap_id = await handlers.swap_quota(unit, body.from_code, body.to_code, half_year, body.people)
    return Reply(201, QuotaSwap(**dict(body), swap_id=swap_id, agreed_at=unit.now))


async def get_swaps(call: Call[None, PageQuery], unit: UnitOfWork) -> Reply:
    """List swaps: a municipality's own, or all of them for operators and auditors."""
    found = await rows(unit, SWAPS.select(store.listed_swaps(call.owner), call.query))
    page = SWAPS.page(found, call.query, lambda row: (row["id"],))
    return Reply(200, QuotaSwaps(swaps=[_swap(row) for row in page.rows]), page.headers)


async def get_national_numbers(call: Call[None, PageQuery], unit: UnitOfWork) -> Reply:
    """List the half-years whose quotas are set."""
    found = await rows(unit, HALF_YEARS.select(store.listed_half_years(), call.query))
    page = HALF_YEARS.page(found, call.query, lambda row: (row["half_year"],))
    return Reply(200, NationalNumbers(half_years=[NationalNumber(**row) for row in page.rows]), page.headers)


def quota_of(standing: Standing) -> Quota:
    """A standing as the API shows it."""
    position, months = standing.position, standing.months_passed
    same = ("quota", "arrears", "credit", "swapped", "task", "claimed", "housed", "remaining", "carried_over")
    return Quota(
        municipality_code=standing.municipality_code,
        half_year=standing.half_year,
        **{name: getattr(position, name) for name in same},
        expected=position.expected(months),
        behind=position.is_behind(months),
        supervision_step=standing.supervision_step,
    )


def operations(quota_rules: QuotaRules) -> tuple[Operation[UnitOfWork], ...]:
    """What can be done about quotas."""
    return (
        Operation(
            method="POST",
            path=f"{BASE}/quotas",
            operation_id="setQuotas",
            summary="Share out the national number for a half-year",
            description=(
                "Each municipality gets its part by population on 1 January of the year before, rounded up, in "
                "integers. What is left of the half-year before is carried over as soon as that is over: arrears "
                "when too few were housed, a credit when too many were. Setting the same numbers again changes nothing."
            ),
            handler=partial(post_quotas, quota_rules),
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
            summary="List quotas and how far they are, now or at a moment in the past",
            description="A municipality sees its own; operators and auditors see all.",
            handler=get_quotas,
            query=QuotasQuery,
            response=Quotas,
            tags=("quotas",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/quota-swaps",
            operation_id="swapQuota",
            summary="Record that one municipality takes over a part of another's task",
            description="The sum of all tasks stays as it was. Not more than the first has left to house and to claim.",
            handler=post_swap,
            request=NewQuotaSwap,
            request_example=NewQuotaSwap(half_year="2023-H1", from_code="GM0344", to_code="GM0363", people=12),
            response=QuotaSwap,
            status=201,
            errors=(409,),
            tags=("quotas",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/quota-swaps",
            operation_id="listQuotaSwaps",
            summary="List swaps",
            description="A municipality sees those that it is one side of; operators and auditors see all.",
            handler=get_swaps,
            query=PageQuery,
            response=QuotaSwaps,
            tags=("quotas",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/half-years",
            operation_id="listHalfYears",
            summary="List the half-years whose quotas are set, with their national numbers",
            handler=get_national_numbers,
            query=PageQuery,
            response=NationalNumbers,
            tags=("quotas",),
        ),
    )


def _swap(row: Row) -> QuotaSwap:
    same = ("half_year", "from_code", "to_code", "people", "agreed_at")
    return QuotaSwap(swap_id=row["id"], **{name: row[name] for name in same})
