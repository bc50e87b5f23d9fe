"""The shelters' HTTP API: what providers report about their units."""

from functools import partial
from uuid import UUID

from schemas.api.shelters import (
    Affirmation,
    Facility,
    NewArrival,
    NewDeparture,
    NewFacility,
    NewNoShow,
    NewProvider,
    NewUnit,
    NewVacancy,
    Provider,
    Unit,
    Units,
    UnitsQuery,
    Vacancy,
)
from schemas.messages.beds import Acceptance, Service
from schemas.vocabulary import AgeBand, Programme, Sex
from services.chassis.database import UniqueViolation
from services.chassis.errors import Conflict
from services.chassis.identity import Role
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.chassis.web import Api, Call, Contact, Operation, Paging, Reply
from services.shelters import handlers, store
from services.shelters.handlers import Leases
from services.shelters.store import StoredUnit
from services.shelters.tables import idempotency_keys
from services.shelters.tables import units as units_table

BASE = "/shelters/v1"
READ, WRITE, MANAGE = "shelters:read", "shelters:write", "shelters:manage"
PROVIDERS, OPERATORS = frozenset({Role.PROVIDER}), frozenset({Role.OPERATOR})

UNITS = Paging(f"{BASE}/units", tuple[UUID], [units_table.c.id])

_ID = UUID("019a0000-0000-7000-8000-000000000001")
_EXAMPLE_UNIT = NewUnit(
    facility_id=_ID,
    programme=Programme.COSM,
    places=2,
    accepts=Acceptance(sexes=[Sex.FEMALE], age_bands=[AgeBand.AGE_23_PLUS], children=True),
    serves=Service(wheelchair=False, needs=[]),
)


async def post_provider(call: Call[NewProvider], unit: UnitOfWork) -> Reply:
    """Register a provider."""
    provider_id = unit.identifiers()
    try:
        await store.add_provider(unit, provider_id, call.body.organisation)
    except UniqueViolation as error:
        raise Conflict("This organisation is registered as a provider already.") from error
    return Reply(201, Provider(provider_id=provider_id, organisation=call.body.organisation))


async def post_facility(call: Call[NewFacility], unit: UnitOfWork) -> Reply:
    """Register a facility of a provider."""
    facility_id = unit.identifiers()
    await store.add_facility(unit, facility_id, call.body.provider_id)
    return Reply(201, Facility(facility_id=facility_id, provider_id=call.body.provider_id))


async def post_unit(call: Call[NewUnit], unit: UnitOfWork) -> Reply:
    """Add a unit to one of your facilities."""
    return Reply(201, _unit(await handlers.open_unit(unit, call.body, call.principal.organisation)))


async def get_units(call: Call[None, UnitsQuery], unit: UnitOfWork) -> Reply:
    """List your units."""
    mine = store.own_units(call.principal.organisation, call.query.state)
    found = await store.find_units(unit, UNITS.select(mine, call.query))
    page = UNITS.page(found, call.query, lambda stored: (stored.unit.id,))
    return Reply(200, Units(units=[_unit(stored) for stored in page.rows]), page.headers)


async def post_vacancy(call: Call[NewVacancy], unit: UnitOfWork) -> Reply:
    """Report a unit free."""
    body, mine = call.body, call.principal.organisation
    stored = await handlers.post_vacancy(unit, body.unit_id, mine, body.lease_seconds, body.available_from)
    return Reply(201, _vacancy(stored))


async def affirm_vacancy(call: Call[Affirmation], unit: UnitOfWork) -> Reply:
    """Say that a unit is still free."""
    mine = call.principal.organisation
    stored = await handlers.affirm_vacancy(unit, call.uuid("vacancyId"), mine, call.body.lease_seconds)
    return Reply(200, _vacancy(stored))


async def withdraw_vacancy(call: Call, unit: UnitOfWork) -> Reply:
    """Take a vacancy back."""
    stored = await handlers.withdraw_vacancy(unit, call.uuid("vacancyId"), call.principal.organisation)
    return Reply(200, _unit(stored))


async def post_arrival(call: Call[NewArrival], unit: UnitOfWork) -> Reply:
    """Confirm an arrival."""
    stored = await handlers.confirm_arrival(unit, call.body.vacancy_id, call.principal.organisation)
    return Reply(201, _unit(stored))


async def post_no_show(leases: Leases, call: Call[NewNoShow], unit: UnitOfWork) -> Reply:
    """Report that a household did not come."""
    stored = await handlers.report_no_show(leases, unit, call.body.vacancy_id, call.principal.organisation)
    return Reply(201, _unit(stored))


async def post_departure(leases: Leases, call: Call[NewDeparture], unit: UnitOfWork) -> Reply:
    """Record a departure."""
    stored = await handlers.record_departure(leases, unit, call.body.unit_id, call.principal.organisation)
    return Reply(201, _unit(stored))


def _unit(stored: StoredUnit) -> Unit:
    unit = stored.unit
    return Unit(
        **dict(stored.description),
        unit_id=unit.id,
        state=unit.state,
        vacancy_id=unit.vacancy_id,
        lease_expires_at=unit.lease_expires_at,
    )


def _vacancy(stored: StoredUnit) -> Vacancy:
    unit = stored.unit
    return Vacancy.model_validate(
        {
            "vacancy_id": unit.vacancy_id,
            "unit_id": unit.id,
            "state": unit.state,
            "lease_expires_at": unit.lease_expires_at,
        }
    )


def api(transactions: Transactions, leases: Leases, contact: Contact) -> Api[UnitOfWork]:
    """The shelters' API."""
    return Api(
        name="shelters",
        title="doorstroom shelters",
        description="Units, vacancies and their leases, arrivals and departures. A provider sees only its own.",
        version="1.0.0",
        base_path=BASE,
        operations=(*_register_operations(), *_vacancy_operations(), *_household_operations(leases)),
        contact=contact,
        work=transactions,
        idempotency_keys=idempotency_keys,
    )


def _register_operations() -> tuple[Operation[UnitOfWork], ...]:
    return (
        Operation(
            method="POST",
            path=f"{BASE}/providers",
            operation_id="registerProvider",
            summary="Register a shelter provider",
            scope=MANAGE,
            roles=OPERATORS,
            handler=post_provider,
            request=NewProvider,
            request_example=NewProvider(organisation="shelter-noord"),
            response=Provider,
            status=201,
            errors=(409,),
            tags=("providers",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/facilities",
            operation_id="registerFacility",
            summary="Register a facility of a provider",
            description="An id and nothing more: where it is, is not known here.",
            scope=MANAGE,
            roles=OPERATORS,
            handler=post_facility,
            request=NewFacility,
            request_example=NewFacility(provider_id=_ID),
            response=Facility,
            status=201,
            errors=(404,),
            tags=("providers",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/units",
            operation_id="addUnit",
            summary="Add a unit to one of your facilities",
            description="It is out of service until its first vacancy is posted.",
            scope=WRITE,
            roles=PROVIDERS,
            handler=post_unit,
            request=NewUnit,
            request_example=_EXAMPLE_UNIT,
            response=Unit,
            status=201,
            errors=(404,),
            tags=("units",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/units",
            operation_id="listUnits",
            summary="List your units",
            scope=READ,
            roles=PROVIDERS,
            handler=get_units,
            query=UnitsQuery,
            response=Units,
            tags=("units",),
        ),
    )


def _vacancy_operations() -> tuple[Operation[UnitOfWork], ...]:
    return (
        Operation(
            method="POST",
            path=f"{BASE}/vacancies",
            operation_id="postVacancy",
            summary="Report a unit free",
            description="The next person on the waitlist is offered it at once. It lapses unless it is affirmed.",
            scope=WRITE,
            roles=PROVIDERS,
            handler=post_vacancy,
            request=NewVacancy,
            request_example=NewVacancy(unit_id=_ID, lease_seconds=72 * 3600),
            response=Vacancy,
            status=201,
            errors=(404, 409),
            tags=("vacancies",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/vacancies/{{vacancyId}}/_affirm",
            operation_id="affirmVacancy",
            summary="Say that a unit is still free",
            description="The lease begins again.",
            scope=WRITE,
            roles=PROVIDERS,
            handler=affirm_vacancy,
            request=Affirmation,
            request_example=Affirmation(lease_seconds=72 * 3600),
            response=Vacancy,
            errors=(404, 409),
            tags=("vacancies",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/vacancies/{{vacancyId}}/_withdraw",
            operation_id="withdrawVacancy",
            summary="Take a vacancy back",
            description="An open offer is revoked; who had it keeps their place in line.",
            scope=WRITE,
            roles=PROVIDERS,
            handler=withdraw_vacancy,
            response=Unit,
            errors=(404, 409),
            tags=("vacancies",),
        ),
    )


def _household_operations(leases: Leases) -> tuple[Operation[UnitOfWork], ...]:
    return (
        Operation(
            method="POST",
            path=f"{BASE}/arrivals",
            operation_id="confirmArrival",
            summary="Confirm that a household has arrived",
            scope=WRITE,
            roles=PROVIDERS,
            handler=post_arrival,
            request=NewArrival,
            request_example=NewArrival(vacancy_id=_ID),
            response=Unit,
            status=201,
            errors=(404, 409),
            tags=("households",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/no-shows",
            operation_id="reportNoShow",
            summary="Report that a household did not come",
            description="The household gets its old place in line back, and the unit is offered to the next.",
            scope=WRITE,
            roles=PROVIDERS,
            handler=partial(post_no_show, leases),
            request=NewNoShow,
            request_example=NewNoShow(vacancy_id=_ID),
            response=Unit,
            status=201,
            errors=(404, 409),
            tags=("households",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/departures",
            operation_id="recordDeparture",
            summary="Record that a household has left",
            description="The unit is free again at once, and offered to the next.",
            scope=WRITE,
            roles=PROVIDERS,
            handler=partial(post_departure, leases),
            request=NewDeparture,
            request_example=NewDeparture(unit_id=_ID),
            response=Unit,
            status=201,
            errors=(404, 409),
            tags=("households",),
        ),
    )
