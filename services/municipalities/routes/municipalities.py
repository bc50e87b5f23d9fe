"""Municipalities, their mergers, and the ladders of their provinces."""

from datetime import date
from uuid import UUID

from schemas.api.municipalities import (
    Municipalities,
    Municipality,
    MunicipalityMerger,
    MunicipalityMergers,
    NewMunicipality,
    NewMunicipalityMerger,
    NewSupervisionLadder,
    SupervisionLadder,
    SupervisionLadders,
)
from schemas.api.paging import PageQuery
from schemas.vocabulary import Province
from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Paging, Reply
from services.municipalities.domain.mergers import Merger
from services.municipalities.handlers import municipalities as handlers
from services.municipalities.routes.common import BASE, rows
from services.municipalities.store import municipalities as store
from services.municipalities.store.municipalities import StoredMerger
from services.municipalities.tables import mergers, municipalities

MUNICIPALITIES = Paging(f"{BASE}/municipalities", tuple[str], [municipalities.c.code])
MERGERS = Paging(f"{BASE}/municipality-mergers", tuple[UUID], [mergers.c.id])

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
        ref_date=body.counted_on,
    )
    shown = dict(body) | {"counted_on": counted_on, "merged_into": None}
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
    stored = await handlers.merge(unit, merger, body.name)
    return Reply(201, _stored_merger(stored, body.name))


async def get_mergers(call: Call[None, PageQuery], unit: UnitOfWork) -> Reply:
    """List the mergers."""
    found = await rows(unit, MERGERS.select(store.listed_mergers(), call.query))
    page = MERGERS.page(found, call.query, lambda row: (row["id"],))
    parts = await store.parts_of(unit, [row["id"] for row in page.rows])
    return Reply(200, MunicipalityMergers(mergers=[_merger(row, parts[row["id"]]) for row in page.rows]), page.headers)


async def withdraw_merger(call: Call, unit: UnitOfWork) -> Reply:
    """Take back a merger that is still to come."""
    withdrawn = await handlers.withdraw_merger(unit, call.uuid("mergerId"))
    return Reply(200, _stored_merger(withdrawn))


async def get_ladders(_: Call, unit: UnitOfWork) -> Reply:
    """List the ladders."""
    found = (await store.ladders(unit)).items()
    ladders = [SupervisionLadder(province=Province(name), checks_behind=list(steps)) for name, steps in found]
    return Reply(200, SupervisionLadders(ladders=ladders))


async def post_ladder(call: Call[NewSupervisionLadder], unit: UnitOfWork) -> Reply:
    """Set the ladder of a province."""
    await handlers.set_ladder(unit, call.body.province, call.body.checks_behind)
    return Reply(201, SupervisionLadder(**dict(call.body)))


def operations() -> tuple[Operation[UnitOfWork], ...]:
    """What can be done about municipalities."""
    return (*_registering(), *_merging(), *_supervising())


def _registering() -> tuple[Operation[UnitOfWork], ...]:
    return (
        Operation(
            method="POST",
            path=f"{BASE}/municipalities",
            operation_id="registerMunicipality",
            summary="Register a municipality",
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
            handler=get_municipalities,
            query=PageQuery,
            response=Municipalities,
            tags=("municipalities",),
        ),
    )


def _merging() -> tuple[Operation[UnitOfWork], ...]:
    return (
        Operation(
            method="POST",
            path=f"{BASE}/municipality-mergers",
            operation_id="mergeMunicipalities",
            summary="Register that municipalities become one",
            description=(
                "On that day, or at once when it has come, the whole ledger, the slots and the claims of the old "
                "municipalities go over to the new one. Registering the same again changes nothing."
            ),
            handler=post_merger,
            request=NewMunicipalityMerger,
            request_example=_MERGER,
            response=MunicipalityMerger,
            status=201,
            errors=(409,),
            tags=("municipalities",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/municipality-mergers",
            operation_id="listMunicipalityMergers",
            summary="List the mergers",
            handler=get_mergers,
            query=PageQuery,
            response=MunicipalityMergers,
            tags=("municipalities",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/municipality-mergers/{{mergerId}}/_withdraw",
            operation_id="withdrawMunicipalityMerger",
            summary="Take back a merger that was registered by mistake",
            description="As long as its day is still to come, and no quotas were shared out with it.",
            handler=withdraw_merger,
            response=MunicipalityMerger,
            errors=(404, 409),
            tags=("municipalities",),
        ),
    )


def _supervising() -> tuple[Operation[UnitOfWork], ...]:
    return (
        Operation(
            method="POST",
            path=f"{BASE}/supervision-ladders",
            operation_id="setSupervisionLadder",
            summary="Set after how many checks a province takes each step of supervision",
            description="Replaces what the province had. Without one, each check in a row behind is a step up.",
            handler=post_ladder,
            request=NewSupervisionLadder,
            request_example=NewSupervisionLadder(province=Province.UTRECHT, checks_behind=[1, 2, 3, 4, 6, 8]),
            response=SupervisionLadder,
            status=201,
            errors=(409,),
            tags=("supervision",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/supervision-ladders",
            operation_id="listSupervisionLadders",
            summary="List the ladders of the provinces that have one of their own",
            handler=get_ladders,
            response=SupervisionLadders,
            tags=("supervision",),
        ),
    )


def _municipality(row: Row) -> Municipality:
    return Municipality(
        municipality_code=row["code"],
        name=row["name"],
        province=row["province"],
        inhabitants=row["inhabitants"],
        counted_on=row["ref_date"],
        merged_into=row["merged_into"],
    )


def _merger(row: Row, parts: list[str]) -> MunicipalityMerger:
    return MunicipalityMerger(
        merger_id=row["id"],
        from_codes=parts,
        into_code=row["into_code"],
        effective_on=row["effective_on"],
        name=row["name"],
        inhabitants=row["inhabitants"],
        carried_out=row["carried_out_at"] is not None,
    )


def _stored_merger(stored: StoredMerger, name: str | None = None) -> MunicipalityMerger:
    merger = stored.merger
    return MunicipalityMerger(
        merger_id=stored.id,
        from_codes=list(merger.parts),
        into_code=merger.into,
        effective_on=merger.effective_on,
        name=name,
        inhabitants=merger.inhabitants,
        carried_out=stored.carried_out,
    )
