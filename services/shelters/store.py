"""The shelters' facts in their database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import Select, bindparam, insert, literal_column, select

from schemas.api.shelters import NewUnit
from schemas.messages.beds import Acceptance, Service
from schemas.vocabulary import Programme
from services.chassis.database import Change, Row, ids_value, one_of
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.shelters.domain import Unit, UnitState
from services.shelters.tables import facilities, providers, units

# Constants in the text, not parameters: only so can a prepared plan use the partial index.
_LEASED = units.c.state.in_([literal_column("'free'"), literal_column("'held'")])
_CHANGING = (
    "state",
    "vacancy_id",
    "offer_id",
    "freed_at",
    "available_from",
    "lease_expires_at",
    "version",
    "allocation_version",
)


# Built once: these are on the way of every vacancy.
_UPDATE = Change(units, _CHANGING)
_OWN = select(units).where(units.c.organisation == bindparam("organisation")).with_for_update()
_BY_ID = _OWN.where(units.c.id == bindparam("key"))
_BY_VACANCY = _OWN.where(units.c.vacancy_id == bindparam("key"))


@dataclass(slots=True)
class StoredUnit:
    """A unit, with what never changes about it."""

    unit: Unit
    organisation: str
    description: NewUnit


async def add_provider(unit: UnitOfWork, provider_id: UUID, organisation: str) -> None:
    """Store a provider. Raises UniqueViolation when the organisation is one already."""
    await unit.execute(insert(providers).values(id=provider_id, organisation=organisation))


async def add_facility(unit: UnitOfWork, facility_id: UUID, provider_id: UUID) -> str:
    """Store a facility of a provider and give the organisation that it is of. Raises NotFound."""
    query = select(providers.c.organisation).where(providers.c.id == provider_id)
    found = (await unit.execute(query)).first()
    if found is None:
        raise NotFound("There is no such provider.")
    row = {"id": facility_id, "provider_id": provider_id, "organisation": found.organisation}
    await unit.execute(insert(facilities).values(row))
    return str(found.organisation)


async def add_unit(unit: UnitOfWork, new: Unit, description: NewUnit, organisation: str) -> None:
    """Store a unit in one of the organisation's own facilities. Raises NotFound."""
    own = (facilities.c.id == description.facility_id) & (facilities.c.organisation == organisation)
    if (await unit.execute(select(facilities.c.id).where(own))).first() is None:
        raise NotFound("There is no such facility among yours.")
    fixed = {
        "id": new.id,
        "facility_id": description.facility_id,
        "organisation": organisation,
        "programme": description.programme,
        "places": description.places,
        "accepts": description.accepts.model_dump_json(),
        "serves": description.serves.model_dump_json(),
    }
    await unit.execute(insert(units).values(fixed | _changing(new)))


async def lock_unit(unit: UnitOfWork, unit_id: UUID, organisation: str) -> StoredUnit:
    """Hold one of the organisation's own units. Raises NotFound."""
    return await _lock_one(unit, _BY_ID, unit_id, organisation, "unit")


async def lock_unit_of_vacancy(unit: UnitOfWork, vacancy_id: UUID, organisation: str) -> StoredUnit:
    """Hold the own unit whose present episode this is. Raises NotFound."""
    return await _lock_one(unit, _BY_VACANCY, vacancy_id, organisation, "vacancy")


async def lock_units_of_vacancies(unit: UnitOfWork, vacancy_ids: Sequence[UUID]) -> dict[UUID, StoredUnit]:
    """Hold the units whose present episodes these are, by vacancy; whoever's they are."""
    dialect = unit.connection.dialect.name
    rows = await unit.execute(_of_vacancies(dialect), {"ids": ids_value(dialect, vacancy_ids)})
    return {row["vacancy_id"]: _stored(row) for row in rows}


@lru_cache(maxsize=2)
def _of_vacancies(dialect: str) -> Select[tuple[object, ...]]:
    mine = one_of(dialect, units.c.vacancy_id, "ids")
    return select(units).where(mine).order_by(units.c.id).with_for_update()


async def lock_lapsed_units(unit: UnitOfWork, limit: int) -> list[StoredUnit]:
    """Hold units whose lease has ended, the first ended first."""
    query = select(units).where(_LEASED, units.c.lease_expires_at <= unit.now)
    query = query.order_by(units.c.lease_expires_at, units.c.id).limit(limit).with_for_update()
    return [_stored(row) for row in (await unit.execute(query))]


async def next_lease_end(unit: UnitOfWork) -> datetime | None:
    """When the next lease ends."""
    query = select(units.c.lease_expires_at).where(_LEASED).order_by(units.c.lease_expires_at, units.c.id).limit(1)
    row = (await unit.execute(query)).first()
    return row.lease_expires_at if row else None


async def save(unit: UnitOfWork, changed: Sequence[StoredUnit]) -> None:
    """Store what became of units that this transaction holds."""
    await unit.write(_UPDATE, [{"id": stored.unit.id} | _changing(stored.unit) for stored in changed])


def own_units(organisation: str, state: str | None) -> Select[tuple[object, ...]]:
    """The organisation's units, or those of them in one state."""
    mine = select(units).where(units.c.organisation == organisation)
    return mine if state is None else mine.where(units.c.state == state)


async def find_units(unit: UnitOfWork, statement: Select[tuple[object, ...]]) -> list[StoredUnit]:
    """The units that the statement finds."""
    return [_stored(row) for row in (await unit.execute(statement))]


async def _lock_one(
    unit: UnitOfWork, query: Select[tuple[object, ...]], key: UUID, organisation: str, what: str
) -> StoredUnit:
    row = (await unit.execute(query, {"key": key, "organisation": organisation})).first()
    if row is None:
        # Someone else's looks exactly like one that does not exist.
        raise NotFound(f"There is no such {what} among yours.")
    return _stored(row)


def _stored(row: Row) -> StoredUnit:
    description = NewUnit(
        facility_id=row["facility_id"],
        programme=Programme(row["programme"]),
        places=row["places"],
        accepts=Acceptance.model_validate_json(row["accepts"]),
        serves=Service.model_validate_json(row["serves"]),
    )
    changing = {name: row[name] for name in _CHANGING} | {"state": UnitState(row["state"])}
    return StoredUnit(Unit(row["id"], **changing), row["organisation"], description)


def _changing(unit: Unit) -> dict[str, object]:
    return {name: getattr(unit, name) for name in _CHANGING}
