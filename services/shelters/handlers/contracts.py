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
from services.shelters.domain.contracts import Room
from services.shelters.domain.errors import Refused
from services.shelters.store import contracts as store
from services.shelters.store import facilities
from services.shelters.store.units import StoredUnit

_EXCEEDED = "This would exceed the places contracted for the programme; the operator sets contracts."


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
    """The unit, which is out of service, may come into service at this moment. Raises Refused."""
    if not await has_room(unit, stored, at):
        raise Refused(_EXCEEDED)


async def ensure_room_for_new(unit: UnitOfWork, description: NewUnit, organisation: str) -> None:
    """Such a unit may be added: there is room for it now, or in a contract that begins later. Raises Refused."""
    room = await _room(unit, organisation, description)
    if room.contracts and not room.fits_some_day(description.places, day_of(unit.now)):
        raise Refused(_EXCEEDED)


async def has_room(unit: UnitOfWork, stored: StoredUnit, at: datetime) -> bool:
    """Whether contracts allow that the unit, which nobody is in, comes into service at this moment."""
    if not stored.contracted:
        return True
    room = await _room(unit, stored.organisation, stored.description, besides=stored.unit.id)
    return room.fits(stored.description.places, day_of(at))


async def _room(unit: UnitOfWork, organisation: str, description: NewUnit, besides: UUID | None = None) -> Room:
    await facilities.lock_provider(unit, organisation)
    return await store.room(unit, organisation, description.programme, besides)
