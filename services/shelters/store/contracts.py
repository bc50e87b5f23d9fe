"""Capacity contracts, and what they leave room for."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import Select, Uuid, bindparam, func, insert, select, update

from schemas.api.shelters import NewContract
from schemas.vocabulary import Programme, UnitState
from services.chassis.database import Row
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.shelters.domain.calendar import day_of
from services.shelters.domain.contracts import Contract, Room
from services.shelters.tables import contracts, units

_CONTRACTS = select(contracts).where(
    contracts.c.organisation == bindparam("whose"), contracts.c.programme == bindparam("for_programme")
)
_IN_SERVICE = (
    select(units.c.available_from, func.sum(units.c.places).label("places"))
    .where(
        units.c.organisation == bindparam("whose"),
        units.c.programme == bindparam("for_programme"),
        units.c.state != UnitState.OUT_OF_SERVICE,
        units.c.id.is_distinct_from(bindparam("besides", type_=Uuid)),
    )
    .group_by(units.c.available_from)
)


async def add_contract(unit: UnitOfWork, contract_id: UUID, organisation: str, new: NewContract) -> None:
    """Store a contract."""
    row = {"id": contract_id, "organisation": organisation} | new.model_dump(by_alias=False)
    await unit.execute(insert(contracts).values(row))


async def lock_contract(unit: UnitOfWork, contract_id: UUID) -> Row:
    """Hold a contract. Raises NotFound."""
    query = select(contracts).where(contracts.c.id == contract_id).with_for_update()
    row = (await unit.execute(query)).first()
    if row is None:
        raise NotFound("There is no such contract.")
    return row


async def set_end(unit: UnitOfWork, contract_id: UUID, ends_on: date) -> None:
    """Store the last day of a contract."""
    await unit.execute(update(contracts).where(contracts.c.id == contract_id).values(ends_on=ends_on))


async def room(unit: UnitOfWork, organisation: str, programme: Programme, besides: UUID | None = None) -> Room:
    """What is contracted, and what is in service besides one unit. It stays so while the caller holds the provider."""
    whose = {"whose": organisation, "for_programme": programme}
    agreed = [contract_of(row) for row in await unit.execute(_CONTRACTS, whose)]
    return Room(agreed, await _in_service(unit, whose | {"besides": besides}))


async def _in_service(unit: UnitOfWork, which: Mapping[str, object]) -> Mapping[date, int]:
    """Places by the day on which their units come into service."""
    places: Counter[date] = Counter()
    for row in await unit.execute(_IN_SERVICE, which):
        places[day_of(max(row["available_from"] or unit.now, unit.now))] += row["places"]
    return places


def own_contracts(organisation: str | None) -> Select[tuple[object, ...]]:
    """The organisation's contracts, or everyone's for None."""
    query = select(contracts)
    return query if organisation is None else query.where(contracts.c.organisation == organisation)


def contract_of(row: Row) -> Contract:
    """A contract from its row, as the rules see it."""
    return Contract(row["places"], row["starts_on"], row["ends_on"])
