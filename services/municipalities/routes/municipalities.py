"""Municipalities, their mergers, and the ladders of their provinces."""

from datetime import date

from schemas.api.municipalities import (
    Municipalities,
    Municipality,
    MunicipalityMerger,
    NewMunicipality,
    NewMunicipalityMerger,
    NewSupervisionLadder,
    SupervisionLadder,
)
from schemas.api.paging import PageQuery
from schemas.vocabulary import Province
from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Paging, Reply
from services.municipalities.domain.mergers import Merger
from services.municipalities.handlers import municipalities as handlers
from services.municipalities.routes.common import BASE, MANAGE, OPERATORS, READ, READERS, rows
from services.municipalities.store import municipalities as store
from services.municipalities.tables import municipalities

MUNICIPALITIES = Paging(f"{BASE}/municipalities", tuple[str], [municipalities.c.code])

_MERGER = NewMunicipalityMerger(
    from_codes=["GM0501", "GM0530", "GM0614"],
    into_code="GM1992",
    effective_on=date(2023, 1, 1),
    name="Voorne aan Zee",
)


async def post_municipality(call: Call[NewMunicipality], unit: UnitOfWork) -> Reply:
    """Register a municipality."""
    body = call.body
    counted_on = await handlers.register_municipality(
        unit,
        body.municipality_code,
        body.name,
        body.inhabitants,
        province=body.province,
        ref_date=date.fromisoformat(body.ref_date) if body.ref_date else None,
    )
    shown = dict(body) | {"ref_date": counted_on.isoformat(), "merged_into": None}
    return Reply(201, Municipality(**shown))


async def get_municipalities(call: Call[None, PageQuery], unit: UnitOfWork) -> Reply:
    """List the municipalities."""
    found = await rows(unit, MUNICIPALITIES.select(store.listed(), call.query))
    page = MUNICIPALITIES.page(found, call.query, lambda row: (row["code"],))
    return Reply(200, Municipalities(municipalities=[_municipality(row) for row in page.rows]), page.headers)


async def post_merger(call: Call[NewMunicipalityMerger], unit: UnitOfWork) -> Reply:
    """Register a merger."""
    body = call.body
    merger = Merger(tuple(sorted(set(body.from_codes))), body.into_code, body.effective_on, body.inhabitants)
    await handlers.merge(unit, merger, body.name)
    return Reply(201, MunicipalityMerger(**dict(body)))


async def post_ladder(call: Call[NewSupervisionLadder], unit: UnitOfWork) -> Reply:
    """Set the ladder of a province."""
    await handlers.set_ladder(unit, call.body.province, call.body.checks_behind)
    return Reply(201, SupervisionLadder(**dict(call.body)))


def operations() -> tuple[Operation[UnitOfWork], ...]:
    """What can be done about municipalities."""
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
            path=f"{BASE}/municipality-mergers",
            operation_id="mergeMunicipalities",
            summary="Register that municipalities become one",
            description=(
                "On that day, or at once when it has come, the whole ledger, the slots and the claims of the old "
                "municipalities go over to the new one."
            ),
            scope=MANAGE,
            roles=OPERATORS,
            handler=post_merger,
            request=NewMunicipalityMerger,
            request_example=_MERGER,
            response=MunicipalityMerger,
            status=201,
            errors=(409,),
            tags=("municipalities",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/supervision-ladders",
            operation_id="setSupervisionLadder",
            summary="Set after how many checks a province takes each step of supervision",
            description="Replaces what the province had. Without one, each check in a row behind is a step up.",
            scope=MANAGE,
            roles=OPERATORS,
            handler=post_ladder,
            request=NewSupervisionLadder,
            request_example=NewSupervisionLadder(province=Province.UTRECHT, checks_behind=[1, 2, 3, 4, 6, 8]),
            response=SupervisionLadder,
            status=201,
            errors=(409,),
            tags=("supervision",),
        ),
    )


def _municipality(row: Row) -> Municipality:
    return Municipality(
        municipality_code=row["code"],
        name=row["name"],
        province=row["province"],
        inhabitants=row["inhabitants"],
        ref_date=None if row["ref_date"] is None else row["ref_date"].isoformat(),
        merged_into=row["merged_into"],
    )
