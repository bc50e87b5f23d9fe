"""Capacity contracts, and what they leave room for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Select, func, insert, select, update

from schemas.api.shelters import NewContract
from schemas.vocabulary import Programme
from services.chassis.database import Row
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.shelters.domain.contracts import Contract
from services.shelters.domain.unit import UnitState
from services.shelters.tables import contracts, units


@dataclass(frozen=True, slots=True)
class Balance:
    """A provider's contracts for a programme, and how many places it has in service for it."""

    contracts: Sequence[Contract]
    places_in_service: int


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


async def balance(unit: UnitOfWork, organisation: str, programme: Programme) -> Balance:
    """What is contracted and what is in service. It stays so as long as the caller holds the provider."""
    mine = (units.c.organisation == organisation) & (units.c.programme == programme)
    in_service = select(func.coalesce(func.sum(units.c.places), 0)).where(
        mine, units.c.state != UnitState.OUT_OF_SERVICE
    )
    query = select(contracts, in_service.scalar_subquery().label("in_service")).where(
        contracts.c.organisation == organisation, contracts.c.programme == programme
    )
    rows = await unit.execute(query)
    return Balance([contract_of(row) for row in rows], rows[0]["in_service"] if rows else 0)


def own_contracts(organisation: str | None) -> Select[tuple[object, ...]]:
    """The organisation's contracts, or everyone's for None."""
    query = select(contracts)
    return query if organisation is None else query.where(contracts.c.organisation == organisation)


async def rows(unit: UnitOfWork, statement: Select[tuple[object, ...]]) -> Sequence[Row]:
    """The rows that the statement finds."""
    return await unit.execute(statement)


def contract_of(row: Row) -> Contract:
    """A contract from its row, as the rules see it."""
    return Contract(row["places"], row["starts_on"], row["ends_on"])
