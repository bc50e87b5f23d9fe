"""Facilities and their units: added, closed, and open again."""

from dataclasses import replace
from uuid import UUID

from schemas.api.shelters import NewUnit
from schemas.vocabulary import WithdrawalReason
from services.chassis.unit_of_work import UnitOfWork
from services.shelters.domain import unit as domain
from services.shelters.domain.errors import Refused
from services.shelters.domain.unit import Unit
from services.shelters.handlers import contracts, messages
from services.shelters.handlers.leases import keep
from services.shelters.store import facilities as store
from services.shelters.store import units
from services.shelters.store.facilities import StoredFacility
from services.shelters.store.units import StoredUnit


async def open_unit(unit: UnitOfWork, description: NewUnit, organisation: str) -> StoredUnit:
    """A provider adds a unit; it is out of service until its first vacancy is posted. Raises NotFound or Refused."""
    facility = await store.lock_facility(unit, description.facility_id, organisation)
    if facility.closed:
        raise Refused("The facility is closed; reopen it first.")
    await contracts.ensure_room_for_new(unit, description, organisation)
    return await units.add_unit(unit, Unit(unit.identifiers()), description, facility)


async def close_facility(unit: UnitOfWork, facility_id: UUID, organisation: str | None) -> StoredFacility:
    """Take back every vacancy in a facility, and take no new ones. Raises NotFound or Refused."""
    facility = await store.lock_facility(unit, facility_id, organisation)
    if facility.closed:
        raise Refused("The facility is closed already.")
    there = await units.lock_units_of_facility(unit, facility_id)
    for stored in there:
        vacancy_id = stored.unit.vacancy_id
        if domain.close(stored.unit) and vacancy_id is not None:
            messages.record_withdrawn(unit, stored, vacancy_id, WithdrawalReason.FACILITY_CLOSED)
    await keep(unit, there)
    await store.set_closed(unit, facility_id, closed=True)
    return replace(facility, closed=True)


async def reopen_facility(unit: UnitOfWork, facility_id: UUID, organisation: str | None) -> StoredFacility:
    """Let units in a facility be posted again. Raises NotFound or Refused."""
    facility = await store.lock_facility(unit, facility_id, organisation)
    if not facility.closed:
        raise Refused("The facility is open already.")
    there = await units.lock_units_of_facility(unit, facility_id)
    for stored in there:
        stored.unit.closed = False
    await keep(unit, there)
    await store.set_closed(unit, facility_id, closed=False)
    return replace(facility, closed=False)
