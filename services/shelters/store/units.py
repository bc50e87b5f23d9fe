"""Units: found, held by a transaction, and saved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Integer, Select, bindparam, func, insert, literal_column, select, true

from schemas.api.shelters import NewUnit
from schemas.messages.beds import Acceptance, Service
from schemas.vocabulary import Programme, Region, Secrecy, UnitState
from services.chassis.database import Change, Row, UtcDateTime, one_of
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.shelters.domain.unit import Unit, VacancyEnd, refuse_ended
from services.shelters.store.facilities import StoredFacility
from services.shelters.tables import contracts, units

# Constants in the text, not parameters: only so can a prepared plan use the partial index.
_LEASED = units.c.state.in_([literal_column("'free'"), literal_column("'held'")])
_CHANGING = (
    "state",
    "vacancy_id",
    "offer_id",
    "enquiring",
    "freed_at",
    "available_from",
    "lease_expires_at",
    "closed",
    "ended_vacancy_id",
    "ended_by",
    "version",
    "allocation_version",
    "lease_began_at",
    "lease_words",
    "lease_watched",
)


# Built once: these are on the way of every vacancy. Whether there is a contract comes with the unit, so that providers
# without one pay no further statement for it.
_CONTRACTED = (
    select(contracts.c.id)
    .where(contracts.c.organisation == units.c.organisation, contracts.c.programme == units.c.programme)
    .exists()
    .label("contracted")
)
_SELECT = select(units, _CONTRACTED)
_LOCK = _SELECT.with_for_update(of=units)
_INSERT = insert(units)
_UPDATE = Change(units, _CHANGING)
_OWN = _LOCK.where(units.c.organisation == bindparam("organisation"))
_BY_IDS = _LOCK.where(one_of(units.c.id, "ids")).order_by(units.c.id)
_BY_VACANCIES = _LOCK.where(one_of(units.c.vacancy_id, "ids")).order_by(units.c.id)
_BY_ID = _OWN.where(units.c.id == bindparam("key"))
_BY_VACANCY = _OWN.where(units.c.vacancy_id == bindparam("key"))
_BY_ENDED_VACANCY = _OWN.where(units.c.ended_vacancy_id == bindparam("key"))


@dataclass(slots=True)
class StoredUnit:
    """A unit, with what never changes about it and its facility.

    `contracted`: its provider has, or once had, a capacity contract for its programme.
    """

    unit: Unit
    organisation: str
    description: NewUnit
    secrecy: Secrecy = Secrecy.SECRET
    region: Region | None = None
    turnaround_seconds: int = 0
    contracted: bool = False
    warned: UUID | None = None
    """The vacancy of which its provider was told that its lease ends, and not yet that nothing is to be done."""


async def add_unit(unit: UnitOfWork, new: Unit, description: NewUnit, facility: StoredFacility) -> StoredUnit:
    """Store a unit of a facility."""
    fixed = {
        "id": new.id,
        "facility_id": facility.id,
        "organisation": facility.organisation,
        "programme": description.programme,
        "places": description.places,
        "accepts": description.accepts.model_dump_json(),
        "serves": description.serves.model_dump_json(),
        "kept_for_places": description.kept_for_places,
        "secrecy": facility.secrecy,
        "region": facility.region,
        "turnaround_seconds": facility.turnaround_seconds,
    }
    unit.touched.add(facility.organisation)
    await unit.execute(_INSERT, fixed | _changing(new))
    return StoredUnit(new, facility.organisation, description)


async def lock_unit(unit: UnitOfWork, unit_id: UUID, organisation: str) -> StoredUnit:
    """Hold one of the organisation's own units. Raises NotFound."""
    found = await _lock_first(unit, _BY_ID, unit_id, organisation)
    if found is None:
        # Someone else's looks exactly like one that does not exist.
        raise NotFound("There is no such unit among yours.")
    return found


async def lock_unit_of_vacancy(unit: UnitOfWork, vacancy_id: UUID, organisation: str) -> StoredUnit:
    """Hold the own unit whose present episode this is. Raises NotFound, or Refused when it was the one before."""
    found = await _lock_first(unit, _BY_VACANCY, vacancy_id, organisation)
    if found is None:
        ended = await _lock_first(unit, _BY_ENDED_VACANCY, vacancy_id, organisation)
        if ended is None:
            raise NotFound("There is no such vacancy among yours.")
        refuse_ended(ended.unit)
    return found


async def lock_units_of_vacancies(unit: UnitOfWork, vacancy_ids: Sequence[UUID]) -> dict[UUID, StoredUnit]:
    """Hold the units whose present episodes these are, by vacancy; whoever's they are."""
    rows = await unit.execute(_BY_VACANCIES, {"ids": vacancy_ids})
    return {row["vacancy_id"]: _stored(row) for row in rows}


async def lock_units(unit: UnitOfWork, unit_ids: Sequence[UUID]) -> dict[UUID, StoredUnit]:
    """Hold these units, as far as they are known; whoever's they are."""
    return {row["id"]: _stored(row) for row in await unit.execute(_BY_IDS, {"ids": unit_ids})}


async def lock_units_of_facility(unit: UnitOfWork, facility_id: UUID) -> list[StoredUnit]:
    """Hold all units of a facility."""
    query = _LOCK.where(units.c.facility_id == facility_id).order_by(units.c.id)
    return await find_units(unit, query)


# Asked every second, so built once.
_BY_LEASE = (units.c.lease_expires_at, units.c.id)
_LAPSED = (
    _LOCK.where(_LEASED, units.c.lease_expires_at <= bindparam("now", type_=UtcDateTime))
    .order_by(*_BY_LEASE)
    .limit(bindparam("limit", type_=Integer))
)
_WATCHED = (
    select(units.c.id, units.c.lease_expires_at)
    .where(_LEASED, units.c.lease_watched, units.c.lease_expires_at > bindparam("now", type_=UtcDateTime))
    .order_by(*_BY_LEASE)
    .limit(bindparam("limit", type_=Integer))
)
_NEXT_LEASE = select(units.c.lease_expires_at).where(_LEASED).order_by(*_BY_LEASE).limit(1)


async def lock_lapsed_units(unit: UnitOfWork, limit: int) -> list[StoredUnit]:
    """Hold units whose lease has ended, the first ended first."""
    return [_stored(row) for row in await unit.execute(_LAPSED, {"now": unit.now, "limit": limit})]


async def next_lease_end(unit: UnitOfWork) -> datetime | None:
    """When the next lease ends."""
    row = (await unit.execute(_NEXT_LEASE)).first()
    return row.lease_expires_at if row else None


async def watched_leases(unit: UnitOfWork, limit: int) -> Sequence[Row]:
    """Units with a lease of which nothing was said yet, the first to end first; nothing is held."""
    return await unit.execute(_WATCHED, {"now": unit.now, "limit": limit})


async def next_watched_lease_end(unit: UnitOfWork) -> datetime | None:
    """When the next lease ends of which nothing was said yet."""
    row = (await unit.execute(_WATCHED, {"now": unit.now, "limit": 1})).first()
    return row.lease_expires_at if row else None


async def save(unit: UnitOfWork, changed: Sequence[StoredUnit]) -> None:
    """Store what became of units that this transaction holds."""
    unit.touched.update(stored.organisation for stored in changed)
    await unit.write(_UPDATE, [{"id": stored.unit.id} | _changing(stored.unit) for stored in changed])


def own_units(
    organisation: str, state: UnitState | None, lease_ends_before: datetime | None
) -> Select[tuple[object, ...]]:
    """The organisation's units, or those of them in one state, or whose lease ends before a moment."""
    query = _SELECT.where(units.c.organisation == organisation)
    if state is not None:
        query = query.where(units.c.state == state)
    if lease_ends_before is not None:
        query = query.where(_LEASED, units.c.lease_expires_at < lease_ends_before)
    return query


async def mark(unit: UnitOfWork, organisation: str | None) -> str:
    """How far the units of an organisation have changed."""
    whose = units.c.organisation == organisation if organisation is not None else true()
    found = await unit.execute(select(func.count(), func.coalesce(func.sum(units.c.version), 0)).where(whose))
    return "-".join(str(int(number)) for number in found.one())


async def find_units(unit: UnitOfWork, statement: Select[tuple[object, ...]]) -> list[StoredUnit]:
    """The units that the statement finds."""
    return [_stored(row) for row in (await unit.execute(statement))]


async def _lock_first(
    unit: UnitOfWork, query: Select[tuple[object, ...]], key: UUID, organisation: str
) -> StoredUnit | None:
    row = (await unit.execute(query, {"key": key, "organisation": organisation})).first()
    return _stored(row) if row else None


def _stored(row: Row) -> StoredUnit:
    description = NewUnit(
        facility_id=row["facility_id"],
        programme=Programme(row["programme"]),
        places=row["places"],
        accepts=Acceptance.model_validate_json(row["accepts"]),
        serves=Service.model_validate_json(row["serves"]),
        kept_for_places=row["kept_for_places"],
    )
    ended_by = VacancyEnd(row["ended_by"]) if row["ended_by"] else None
    changing = {name: row[name] for name in _CHANGING} | {"state": UnitState(row["state"]), "ended_by": ended_by}
    known = Unit(row["id"], **changing)
    return StoredUnit(
        known,
        row["organisation"],
        description,
        Secrecy(row["secrecy"]),
        Region(row["region"]) if row["region"] else None,
        row["turnaround_seconds"],
        row["contracted"],
        known.vacancy_id if known.is_warned else None,
    )


def _changing(unit: Unit) -> dict[str, object]:
    return {name: getattr(unit, name) for name in _CHANGING}
