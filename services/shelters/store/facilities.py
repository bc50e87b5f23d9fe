"""Providers and their facilities."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, bindparam, insert, select, update

from schemas.api.shelters import NewFacility
from schemas.vocabulary import Region, Secrecy
from services.chassis.database import Row
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.shelters.tables import facilities, providers

_INSERT_PROVIDER, _INSERT_FACILITY = insert(providers), insert(facilities)
_ORGANISATION_OF = select(providers.c.organisation).where(providers.c.id == bindparam("provider"))
_LOCK_PROVIDER = select(providers.c.id).where(providers.c.organisation == bindparam("whose")).with_for_update()
_LOCK_FACILITY = select(facilities).where(facilities.c.id == bindparam("facility")).with_for_update()
_LOCK_OWN_FACILITY = _LOCK_FACILITY.where(facilities.c.organisation == bindparam("whose"))


@dataclass(frozen=True, slots=True)
class StoredFacility:
    """A facility: whose it is, and what its units take from it."""

    id: UUID
    provider_id: UUID
    organisation: str
    secrecy: Secrecy
    region: Region | None
    turnaround_seconds: int
    closed: bool


async def add_provider(unit: UnitOfWork, provider_id: UUID, organisation: str) -> None:
    """Store a provider. Raises UniqueViolation when the organisation is one already."""
    await unit.execute(_INSERT_PROVIDER, {"id": provider_id, "organisation": organisation})


async def organisation_of(unit: UnitOfWork, provider_id: UUID) -> str:
    """The organisation of a provider. Raises NotFound."""
    found = (await unit.execute(_ORGANISATION_OF, {"provider": provider_id})).first()
    if found is None:
        raise NotFound("There is no such provider.")
    return str(found.organisation)


async def lock_provider(unit: UnitOfWork, organisation: str) -> None:
    """Hold a provider: what its contracts allow is decided by one transaction at a time."""
    await unit.execute(_LOCK_PROVIDER, {"whose": organisation})


async def add_facility(unit: UnitOfWork, facility_id: UUID, new: NewFacility) -> None:
    """Store a facility of a provider. Raises NotFound."""
    organisation = await organisation_of(unit, new.provider_id)
    row = {"id": facility_id, "organisation": organisation, "closed": False} | new.model_dump(by_alias=False)
    await unit.execute(_INSERT_FACILITY, row)


async def lock_facility(unit: UnitOfWork, facility_id: UUID, organisation: str | None) -> StoredFacility:
    """Hold one of the organisation's own facilities, or anyone's for None. Raises NotFound."""
    query = _LOCK_FACILITY if organisation is None else _LOCK_OWN_FACILITY
    row = (await unit.execute(query, {"facility": facility_id, "whose": organisation})).first()
    if row is None:
        raise NotFound("There is no such facility among yours.")
    return stored(row)


async def set_closed(unit: UnitOfWork, facility_id: UUID, *, closed: bool) -> None:
    """Store that a facility is closed, or open again."""
    await unit.execute(update(facilities).where(facilities.c.id == facility_id).values(closed=closed))


def own_facilities(organisation: str | None) -> Select[tuple[object, ...]]:
    """The organisation's facilities, or everyone's for None."""
    query = select(facilities)
    return query if organisation is None else query.where(facilities.c.organisation == organisation)


async def find_facilities(unit: UnitOfWork, statement: Select[tuple[object, ...]]) -> list[StoredFacility]:
    """The facilities that the statement finds."""
    return [stored(row) for row in (await unit.execute(statement))]


def stored(row: Row) -> StoredFacility:
    """A facility from its row."""
    return StoredFacility(
        row["id"],
        row["provider_id"],
        row["organisation"],
        Secrecy(row["secrecy"]),
        Region(row["region"]) if row["region"] else None,
        row["turnaround_seconds"],
        row["closed"],
    )
