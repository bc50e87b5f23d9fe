"""Capacity contracts: set and ended by the operator, and kept when units come into service.

They bind a provider only for programmes for which it has, or once had, a contract. A provider's row is held while its
room is counted, so that two units cannot take the same last place.
"""

from datetime import date, datetime
from uuid import UUID

from schemas.api.shelters import NewContract, NewUnit
from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.shelters.domain import contracts as domain
from services.shelters.domain.calendar import day_of
from services.shelters.store import contracts as store
from services.shelters.store import facilities
from services.shelters.store.units import StoredUnit


async def set_contract(unit: UnitOfWork, new: NewContract) -> UUID:
    """The operator contracts places. Raises NotFound."""
    organisation = await facilities.organisation_of(unit, new.provider_id)
    await facilities.lock_provider(unit, organisation)
    contract_id = unit.identifiers()
    await store.add_contract(unit, contract_id, organisation, new)
    return contract_id


async def end_contract(unit: UnitOfWork, contract_id: UUID, ends_on: date) -> Row:
    """The operator lets a contract end earlier. Raises NotFound or Refused."""
    row = await store.lock_contract(unit, contract_id)
    await facilities.lock_provider(unit, row["organisation"])
    domain.check_end(store.contract_of(row), ends_on)
    await store.set_end(unit, contract_id, ends_on)
    return await store.lock_contract(unit, contract_id)


async def ensure_room(unit: UnitOfWork, stored: StoredUnit, at: datetime) -> None:
    """The unit, which is out of service, may come into service. Raises Refused."""
    if stored.contracted:
        balance = await _balance(unit, stored.organisation, stored.description)
        capacity = domain.capacity_on(balance.contracts, day_of(at))
        domain.check_capacity(balance.places_in_service, stored.description.places, capacity)


async def ensure_room_for_new(unit: UnitOfWork, description: NewUnit, organisation: str) -> None:
    """Such a unit may be added: there is room for it now, or in a contract that begins later. Raises Refused."""
    balance = await _balance(unit, organisation, description)
    if balance.contracts:
        capacity = domain.highest_capacity_from(balance.contracts, day_of(unit.now))
        domain.check_capacity(balance.places_in_service, description.places, capacity)


async def is_exceeded(unit: UnitOfWork, stored: StoredUnit, at: datetime) -> bool:
    """Whether the provider has more places in service than contracts allow; the unit, now emptied, counts."""
    if not stored.contracted:
        return False
    balance = await _balance(unit, stored.organisation, stored.description)
    return balance.places_in_service > domain.capacity_on(balance.contracts, day_of(at))


async def _balance(unit: UnitOfWork, organisation: str, description: NewUnit) -> store.Balance:
    await facilities.lock_provider(unit, organisation)
    return await store.balance(unit, organisation, description.programme)
