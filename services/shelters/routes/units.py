"""Units."""

from uuid import UUID

from schemas.api.shelters import NewUnit, Unit, Units, UnitsQuery, Withdrawal
from schemas.messages.beds import Acceptance, Service
from schemas.vocabulary import AgeBand, Programme, Sex, WithdrawalReason
from services.chassis.errors import FieldError, InvalidInput
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Paging, Reply
from services.shelters.handlers import facilities, vacancies
from services.shelters.routes.common import (
    BASE,
    EXAMPLE_ID,
    KEPT_FOR_TOO_MANY,
    kept_for_too_many,
    unit_body,
)
from services.shelters.store import units as store
from services.shelters.tables import units as units_table

UNITS = Paging(f"{BASE}/units", tuple[UUID], [units_table.c.id])

_EXAMPLE = NewUnit(
    facility_id=EXAMPLE_ID,
    programme=Programme.COSM,
    places=2,
    accepts=Acceptance(sexes=[Sex.FEMALE], age_bands=[AgeBand.AGE_23_PLUS], children=True),
    serves=Service(wheelchair=False, needs=[]),
)


async def post_unit(call: Call[NewUnit], unit: UnitOfWork) -> Reply:
    """Add a unit to one of your facilities."""
    if kept_for_too_many(call.body):
        raise InvalidInput(fields=[FieldError("/keptForPlaces", KEPT_FOR_TOO_MANY)])
    return Reply(201, unit_body(await facilities.open_unit(unit, call.body, call.principal.organisation)))


async def get_units(call: Call[None, UnitsQuery], unit: UnitOfWork) -> Reply:
    """List your units."""
    query = call.query
    mine = store.own_units(call.principal.organisation, query.state, query.lease_ends_before)
    page = UNITS.page(await store.find_units(unit, UNITS.select(mine, query)), query, lambda stored: (stored.unit.id,))
    return Reply(200, Units(units=[unit_body(stored) for stored in page.rows]), page.headers)


async def suspend_unit(call: Call[Withdrawal], unit: UnitOfWork) -> Reply:
    """Take a unit out of service."""
    mine = call.principal.organisation
    return Reply(200, unit_body(await vacancies.take_out_of_service(unit, call.uuid("unitId"), mine, call.body.reason)))


def operations() -> tuple[Operation[UnitOfWork], ...]:
    """Adding, listing and suspending units."""
    return (
        Operation(
            method="POST",
            path=f"{BASE}/units",
            operation_id="addUnit",
            summary="Add a unit to one of your facilities",
            description="It is out of service until its first vacancy is posted. Refused when its places do not fit "
            "into the provider's contracts for the programme, now or later.",
            handler=post_unit,
            request=NewUnit,
            request_example=_EXAMPLE,
            response=Unit,
            status=201,
            errors=(404, 409),
            tags=("units",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/units",
            operation_id="listUnits",
            summary="List your units",
            description="With `leaseEndsBefore`, those whose vacancy asks to be affirmed.",
            handler=get_units,
            query=UnitsQuery,
            response=Units,
            tags=("units",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/units/{{unitId}}/_suspend",
            operation_id="suspendUnit",
            summary="Take a unit out of service",
            description="Its vacancy is withdrawn. Posting a vacancy brings it back into service.",
            handler=suspend_unit,
            request=Withdrawal,
            request_example=Withdrawal(reason=WithdrawalReason.MAINTENANCE),
            response=Unit,
            errors=(404, 409),
            tags=("units",),
        ),
    )
