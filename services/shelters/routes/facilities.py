"""Providers and facilities."""

from uuid import UUID

from schemas.api.paging import PageQuery
from schemas.api.shelters import Facilities, Facility, NewFacility, NewProvider, Provider
from schemas.vocabulary import Region, Secrecy
from services.chassis.database import UniqueViolation
from services.chassis.errors import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Paging, Reply
from services.shelters.handlers import facilities as handlers
from services.shelters.routes.common import BASE, EXAMPLE_ID
from services.shelters.store import facilities as store
from services.shelters.store.facilities import StoredFacility
from services.shelters.tables import facilities as facilities_table

FACILITIES = Paging(f"{BASE}/facilities", tuple[UUID], [facilities_table.c.id])

_EXAMPLE = NewFacility(
    provider_id=EXAMPLE_ID, secrecy=Secrecy.SECRET, region=Region.LIMBURG, turnaround_seconds=24 * 3600
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
    await store.add_facility(unit, facility_id, call.body)
    return Reply(201, Facility(**dict(call.body), facility_id=facility_id, closed=False))


async def get_facilities(call: Call[None, PageQuery], unit: UnitOfWork) -> Reply:
    """List facilities."""
    mine = FACILITIES.select(store.own_facilities(call.owner), call.query)
    page = FACILITIES.page(await store.find_facilities(unit, mine), call.query, lambda stored: (stored.id,))
    return Reply(200, Facilities(facilities=[_facility(stored) for stored in page.rows]), page.headers)


async def close_facility(call: Call, unit: UnitOfWork) -> Reply:
    """Close a facility."""
    closed = await handlers.close_facility(unit, call.uuid("facilityId"), call.owner)
    return Reply(200, _facility(closed))


async def reopen_facility(call: Call, unit: UnitOfWork) -> Reply:
    """Reopen a facility."""
    reopened = await handlers.reopen_facility(unit, call.uuid("facilityId"), call.owner)
    return Reply(200, _facility(reopened))


def _facility(stored: StoredFacility) -> Facility:
    return Facility(
        facility_id=stored.id,
        provider_id=stored.provider_id,
        secrecy=stored.secrecy,
        region=stored.region,
        turnaround_seconds=stored.turnaround_seconds,
        closed=stored.closed,
    )


def operations() -> tuple[Operation[UnitOfWork], ...]:
    """Registering providers and facilities, and closing and reopening these."""
    return (
        Operation(
            method="POST",
            path=f"{BASE}/providers",
            operation_id="registerProvider",
            summary="Register a shelter provider",
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
            description="An id, how secret it is, and at most a region: where it is, is not known here.",
            handler=post_facility,
            request=NewFacility,
            request_example=_EXAMPLE,
            response=Facility,
            status=201,
            errors=(404,),
            tags=("facilities",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/facilities",
            operation_id="listFacilities",
            summary="List your facilities",
            description="An operator sees everyone's.",
            handler=get_facilities,
            query=PageQuery,
            response=Facilities,
            tags=("facilities",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/facilities/{{facilityId}}/_close",
            operation_id="closeFacility",
            summary="Close a facility",
            description="Its vacancies are withdrawn, and no new ones taken. Who lives there may stay; when they have "
            "left, the unit goes out of service.",
            handler=close_facility,
            response=Facility,
            errors=(404, 409),
            tags=("facilities",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/facilities/{{facilityId}}/_reopen",
            operation_id="reopenFacility",
            summary="Reopen a closed facility",
            description="Its units are out of service until their vacancies are posted.",
            handler=reopen_facility,
            response=Facility,
            errors=(404, 409),
            tags=("facilities",),
        ),
    )
