"""Households in units: arrived, not come, expected to leave, departed, moved on to a home."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from schemas.api.shelters import NewExpectedExit
from schemas.messages.placements import PlacementEnded
from schemas.vocabulary import DepartureReason
from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.shelters.domain import unit as domain
from services.shelters.domain.errors import Refused
from services.shelters.domain.unit import Episode, UnitState
from services.shelters.handlers import contracts, messages
from services.shelters.handlers.vacancies import Leases
from services.shelters.store import stays
from services.shelters.store import units as store
from services.shelters.store.units import StoredUnit


async def confirm_arrival(unit: UnitOfWork, vacancy_id: UUID, organisation: str) -> StoredUnit:
    """The household that the unit was reserved for is there. Raises NotFound or Refused."""
    stored = await store.lock_unit_of_vacancy(unit, vacancy_id, organisation)
    domain.arrive(stored.unit)
    await store.save(unit, [stored])
    await stays.open_stay(unit, stored)
    messages.record_arrival(unit, stored, vacancy_id)
    return stored


async def report_no_show(leases: Leases, unit: UnitOfWork, vacancy_id: UUID, organisation: str) -> StoredUnit:
    """The household did not come; the unit is free for the next. Raises NotFound or Refused."""
    stored = await store.lock_unit_of_vacancy(unit, vacancy_id, organisation)
    offer_id = stored.unit.offer_id
    domain.miss(stored.unit)
    await stays.add_no_show(unit, stored, offer_id)
    messages.record_no_show(unit, stored, vacancy_id, offer_id)
    # Nobody was there, so there is nothing to make ready.
    await free_again(leases, unit, [stored], turnaround=False)
    return stored


async def record_departure(
    leases: Leases, unit: UnitOfWork, unit_id: UUID, organisation: str, reason: DepartureReason | None
) -> StoredUnit:
    """The household has left; the unit is free for the next. Raises NotFound or Refused."""
    stored = await store.lock_unit(unit, unit_id, organisation)
    offer_id, vacancy_id = stored.unit.offer_id, stored.unit.vacancy_id
    domain.depart(stored.unit)
    if vacancy_id is not None and offer_id is not None:
        messages.record_departure(unit, stored, vacancy_id, offer_id, reason)
    await stays.close_stays(unit, [vacancy_id], unit.now, reason)
    await free_again(leases, unit, [stored])
    return stored


async def placements_ended(leases: Leases, unit: UnitOfWork, events: Sequence[PlacementEnded]) -> None:
    """Households have a home elsewhere: their units come free by themselves."""
    known = await store.lock_units_of_vacancies(unit, sorted({event.vacancy_id for event in events}))
    moved = [stored for stored in known.values() if stored.unit.state is UnitState.OCCUPIED]
    for stored in moved:
        domain.depart(stored.unit)
    vacancies = [stored.unit.vacancy_id for stored in moved]
    await stays.close_stays(unit, vacancies, unit.now, DepartureReason.ONWARD_HOME)
    await free_again(leases, unit, moved)


async def expect_exit(unit: UnitOfWork, expected: NewExpectedExit, organisation: str) -> Row:
    """A provider says when a household will leave, and why not sooner. Raises NotFound or Refused."""
    stored = await store.lock_unit(unit, expected.unit_id, organisation)
    vacancy_id = stored.unit.vacancy_id
    if stored.unit.state is not UnitState.OCCUPIED or vacancy_id is None:
        raise Refused(f"The unit is {stored.unit.state}; only an occupied one has a household that may leave.")
    await stays.expect_exit(unit, vacancy_id, expected)
    return await stays.find_stay(unit, vacancy_id)


async def free_again(
    leases: Leases, unit: UnitOfWork, emptied: Sequence[StoredUnit], *, turnaround: bool = True
) -> None:
    """A new vacancy begins where the last one ended, unless the facility is closed or the contract has shrunk."""
    freed = []
    for stored in emptied:
        available_from = unit.now + timedelta(seconds=stored.turnaround_seconds if turnaround else 0)
        if stored.unit.closed or await contracts.is_exceeded(unit, stored, available_from):
            domain.rest(stored.unit)
            # At once, so that the next one finds the room that this one leaves.
            await store.save(unit, [stored])
            continue
        lease_expires_at = available_from + timedelta(seconds=leases.lease_seconds)
        domain.free(stored.unit, Episode(unit.identifiers(), unit.now, available_from, lease_expires_at))
        messages.record_freed(unit, stored)
        freed.append(stored)
    await store.save(unit, freed)
