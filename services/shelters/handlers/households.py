"""Households in units: arrived, not come, expected to leave, departed, moved on to a home."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from schemas.api.shelters import NewExpectedExit
from schemas.messages.placements import PlacementEnded
from schemas.vocabulary import DepartureReason, PlacementEndReason, UnitState
from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.shelters.domain import unit as domain
from services.shelters.domain.errors import Refused
from services.shelters.domain.unit import Episode
from services.shelters.handlers import contracts, messages
from services.shelters.handlers.vacancies import Leases
from services.shelters.store import stays
from services.shelters.store import units as store
from services.shelters.store.units import StoredUnit

_DEPARTURES = {
    PlacementEndReason.HOUSED: DepartureReason.ONWARD_HOME,
    PlacementEndReason.MOVED: DepartureReason.ONWARD_SHELTER,
    PlacementEndReason.LEFT_UNKNOWN_DESTINATION: DepartureReason.LEFT_UNKNOWN_DESTINATION,
}


async def confirm_arrival(unit: UnitOfWork, vacancy_id: UUID, organisation: str) -> StoredUnit:
    """The household that the unit was reserved for is there. Raises NotFound or Refused."""
    stored = await store.lock_unit_of_vacancy(unit, vacancy_id, organisation)
    domain.arrive(stored.unit, unit.now)
    await store.save(unit, [stored])
    await stays.open_stay(unit, stored)
    messages.record_arrival(unit, stored, vacancy_id)
    return stored


async def report_no_show(leases: Leases, unit: UnitOfWork, vacancy_id: UUID, organisation: str) -> StoredUnit:
    """The household did not come; the unit is free for the next. Raises NotFound or Refused."""
    stored = await store.lock_unit_of_vacancy(unit, vacancy_id, organisation)
    offer_id, available_from = stored.unit.offer_id, stored.unit.available_from
    domain.miss(stored.unit)
    await stays.add_no_show(unit, stored, vacancy_id, offer_id)
    messages.record_no_show(unit, stored, vacancy_id, offer_id)
    # Nobody was there, so there is nothing to make ready; a unit that is not available yet does not become so by this.
    await free_again(leases, unit, [(stored, max(available_from or unit.now, unit.now))])
    return stored


async def record_departure(
    leases: Leases, unit: UnitOfWork, unit_id: UUID, organisation: str, reason: DepartureReason
) -> StoredUnit:
    """The household has left; the unit is free for the next. Raises NotFound or Refused."""
    stored = await store.lock_unit(unit, unit_id, organisation)
    offer_id, vacancy_id = stored.unit.offer_id, stored.unit.vacancy_id
    domain.depart(stored.unit)
    if vacancy_id is not None and offer_id is not None:
        messages.record_departure(unit, stored, vacancy_id, offer_id, reason)
    await stays.close_stays(unit, [vacancy_id], unit.now, reason)
    await free_again(leases, unit, [(stored, made_ready_at(unit, stored))])
    return stored


async def placements_ended(leases: Leases, unit: UnitOfWork, events: Sequence[PlacementEnded]) -> None:
    """Households have a home or another shelter: their units come free by themselves."""
    reasons = {event.vacancy_id: _DEPARTURES[event.reason] for event in events}
    known = await store.lock_units_of_vacancies(unit, sorted(reasons))
    moved = [stored for stored in known.values() if stored.unit.state is UnitState.OCCUPIED]
    by_reason: defaultdict[DepartureReason, list[UUID | None]] = defaultdict(list)
    for stored in moved:
        if stored.unit.vacancy_id is not None:
            by_reason[reasons[stored.unit.vacancy_id]].append(stored.unit.vacancy_id)
        domain.depart(stored.unit)
    for reason, vacancies in by_reason.items():
        await stays.close_stays(unit, vacancies, unit.now, reason)
    await free_again(leases, unit, [(stored, made_ready_at(unit, stored)) for stored in moved])


async def expect_exit(unit: UnitOfWork, expected: NewExpectedExit, organisation: str) -> Row:
    """A provider says when a household will leave, and why not sooner. Raises NotFound or Refused."""
    stored = await store.lock_unit(unit, expected.unit_id, organisation)
    vacancy_id = stored.unit.vacancy_id
    if stored.unit.state is not UnitState.OCCUPIED or vacancy_id is None:
        raise Refused(f"The unit is {stored.unit.state}; only an occupied one has a household that may leave.")
    await stays.expect_exit(unit, vacancy_id, expected)
    return await stays.find_stay(unit, vacancy_id)


def made_ready_at(unit: UnitOfWork, stored: StoredUnit) -> datetime:
    """When a unit that is left now can be lived in again."""
    return unit.now + timedelta(seconds=stored.turnaround_seconds)


async def free_again(leases: Leases, unit: UnitOfWork, emptied: Sequence[tuple[StoredUnit, datetime]]) -> None:
    """A new vacancy begins where the last one ended, unless the facility is closed or the contract has shrunk."""
    for stored, available_from in emptied:
        if not stored.unit.closed and await contracts.has_room(unit, stored, available_from):
            lease_expires_at = leases.ending(available_from)
            domain.free(stored.unit, Episode(unit.identifiers(), unit.now, available_from, lease_expires_at))
            messages.record_freed(unit, stored)
        if stored.contracted:
            # At once, so that the next one is judged by what this one leaves.
            await store.save(unit, [stored])
    await store.save(unit, [stored for stored, _ in emptied if not stored.contracted])
