"""Households that live in a unit already, as their coordinators recorded after the fact.

The unit's row is held before anything is decided: so the beginning and the end of a placement cannot pass each other.
"""

from collections.abc import Mapping, Sequence

from schemas.messages.placements import PlacementRecorded, RecordedPlacementEnded
from schemas.vocabulary import DepartureReason, PlacementConflict, RecordedPlacementEnd, UnitState, WithdrawalReason
from services.chassis.unit_of_work import UnitOfWork
from services.shelters.domain import unit as domain
from services.shelters.handlers import messages
from services.shelters.handlers.households import free_again, made_ready_at
from services.shelters.handlers.leases import keep
from services.shelters.handlers.vacancies import Leases
from services.shelters.store import placements as store
from services.shelters.store import stays, units
from services.shelters.store.units import StoredUnit

_DEPARTURES: Mapping[RecordedPlacementEnd, DepartureReason] = {
    RecordedPlacementEnd.HOUSED: DepartureReason.ONWARD_HOME,
    RecordedPlacementEnd.MOVED_INTO_SHELTER: DepartureReason.ONWARD_SHELTER,
}


async def placements_recorded(unit: UnitOfWork, events: Sequence[PlacementRecorded]) -> None:
    """Households are there: their units are occupied, and what was vacant is withdrawn with that reason.

    A unit that is promised to somebody else, or lived in by them, stays theirs; the registry is told of the conflict.
    """
    known = await units.lock_units(unit, sorted({event.unit_id for event in events}))
    over = await store.ended_of(unit, [event.placement_id for event in events])
    for event in events:
        stored = known.get(event.unit_id)
        conflict = _conflict(stored)
        if event.placement_id in over:
            continue
        if conflict is not None:
            messages.record_placement_conflicted(unit, event, conflict)
        elif stored is not None:
            await _move_in(unit, stored, event)


async def recorded_placements_ended(leases: Leases, unit: UnitOfWork, events: Sequence[RecordedPlacementEnded]) -> None:
    """Households are no longer there: their units come free as after any stay, unless the provider said so before."""
    known = await units.lock_units(unit, sorted({event.unit_id for event in events}))
    await store.add_ended(unit, [(event.placement_id, event.ended_at) for event in events])
    for event in events:
        stored = known.get(event.unit_id)
        if stored is not None and _lives_there(stored, event):
            domain.depart(stored.unit)
            await stays.close_stays(
                unit, [event.placement_id], unit.now, _DEPARTURES.get(event.reason, DepartureReason.OTHER)
            )
            await free_again(leases, unit, [(stored, made_ready_at(unit, stored))])


async def _move_in(unit: UnitOfWork, stored: StoredUnit, event: PlacementRecorded) -> None:
    vacancy_id = stored.unit.vacancy_id
    if vacancy_id is not None:
        domain.withdraw(stored.unit)
        messages.record_withdrawn(unit, stored, vacancy_id, WithdrawalReason.OCCUPIED)
    domain.occupy(stored.unit, event.placement_id)
    await keep(unit, [stored])
    await stays.open_stay(unit, stored, event.since)


def _conflict(stored: StoredUnit | None) -> PlacementConflict | None:
    if stored is None:
        return PlacementConflict.UNIT_UNKNOWN
    if stored.unit.state is UnitState.RESERVED:
        return PlacementConflict.UNIT_RESERVED
    return PlacementConflict.UNIT_OCCUPIED if stored.unit.state is UnitState.OCCUPIED else None


def _lives_there(stored: StoredUnit, event: RecordedPlacementEnded) -> bool:
    return stored.unit.state is UnitState.OCCUPIED and stored.unit.vacancy_id == event.placement_id
