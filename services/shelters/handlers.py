"""What the shelters' service does: each handler loads, lets the rules decide, saves, and records what happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from schemas.api.shelters import NewUnit
from schemas.messages.beds import ArrivalConfirmed, BedFreed, BedWithdrawn, DepartureRecorded, NoShowReported
from schemas.messages.offers import (
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferRevoked,
    PlacementFellThrough,
)
from schemas.messages.placements import PlacementEnded
from schemas.vocabulary import WithdrawalReason
from services.chassis.unit_of_work import UnitOfWork
from services.shelters import domain, store
from services.shelters.domain import Episode, Unit, UnitState
from services.shelters.store import StoredUnit

LAPSE_BATCH = 100

AllocationEvent = OfferMade | OfferAccepted | OfferDeclined | OfferExpired | OfferRevoked | PlacementFellThrough

_STATES: dict[type, UnitState] = {OfferMade: UnitState.HELD, OfferAccepted: UnitState.RESERVED}
"""What an event of the registry makes of a unit; every other one makes it free."""


@dataclass(frozen=True, slots=True)
class Leases:
    """How long a unit that came free by itself stays valid unless a provider affirms it."""

    lease_seconds: int


async def open_unit(unit: UnitOfWork, description: NewUnit, organisation: str) -> StoredUnit:
    """A provider adds a unit; it is out of service until its first vacancy is posted. Raises NotFound."""
    new = StoredUnit(Unit(unit.identifiers()), organisation, description)
    await store.add_unit(unit, new.unit, description, organisation)
    return new


async def post_vacancy(
    unit: UnitOfWork, unit_id: UUID, organisation: str, lease_seconds: int, available_from: datetime | None
) -> StoredUnit:
    """A provider says that a unit is free. Raises NotFound or Refused."""
    stored = await store.lock_unit(unit, unit_id, organisation)
    domain.post(stored.unit, _episode(unit, lease_seconds, available_from))
    await store.save(unit, [stored])
    _record_freed(unit, stored)
    return stored


async def affirm_vacancy(unit: UnitOfWork, vacancy_id: UUID, organisation: str, lease_seconds: int) -> StoredUnit:
    """A provider says that a unit is still free. Raises NotFound or Refused."""
    stored = await store.lock_unit_of_vacancy(unit, vacancy_id, organisation)
    domain.affirm(stored.unit, unit.now + timedelta(seconds=lease_seconds))
    await store.save(unit, [stored])
    _record_freed(unit, stored)
    return stored


async def withdraw_vacancy(unit: UnitOfWork, vacancy_id: UUID, organisation: str) -> StoredUnit:
    """A provider takes a vacancy back. Raises NotFound or Refused."""
    stored = await store.lock_unit_of_vacancy(unit, vacancy_id, organisation)
    domain.withdraw(stored.unit)
    await store.save(unit, [stored])
    _record_withdrawn(unit, stored, vacancy_id, WithdrawalReason.WITHDRAWN)
    return stored


async def confirm_arrival(unit: UnitOfWork, vacancy_id: UUID, organisation: str) -> StoredUnit:
    """The household that the unit was reserved for is there. Raises NotFound or Refused."""
    stored = await store.lock_unit_of_vacancy(unit, vacancy_id, organisation)
    domain.arrive(stored.unit)
    await store.save(unit, [stored])
    common = _common(stored.unit, vacancy_id)
    unit.record(ArrivalConfirmed(**common, offer_id=stored.unit.offer_id, arrived_at=unit.now), subject=vacancy_id)
    return stored


async def report_no_show(leases: Leases, unit: UnitOfWork, vacancy_id: UUID, organisation: str) -> StoredUnit:
    """The household did not come; the unit is free for the next. Raises NotFound or Refused."""
    stored = await store.lock_unit_of_vacancy(unit, vacancy_id, organisation)
    offer_id = stored.unit.offer_id
    domain.miss(stored.unit)
    common = _common(stored.unit, vacancy_id) | {"programme": stored.description.programme}
    unit.record(NoShowReported(**common, offer_id=offer_id, reported_at=unit.now), subject=vacancy_id)
    await _free_again(leases, unit, [stored])
    return stored


async def record_departure(leases: Leases, unit: UnitOfWork, unit_id: UUID, organisation: str) -> StoredUnit:
    """The household has left; the unit is free for the next. Raises NotFound or Refused."""
    stored = await store.lock_unit(unit, unit_id, organisation)
    offer_id, vacancy_id = stored.unit.offer_id, stored.unit.vacancy_id
    domain.depart(stored.unit)
    if vacancy_id is not None and offer_id is not None:
        common = _common(stored.unit, vacancy_id)
        unit.record(DepartureRecorded(**common, offer_id=offer_id, departed_at=unit.now), subject=vacancy_id)
    await _free_again(leases, unit, [stored])
    return stored


async def allocations_changed(unit: UnitOfWork, events: Sequence[AllocationEvent]) -> None:
    """The registry offers, reserves or gives back units: do as it says, the newest word last."""
    held = await store.lock_units_of_vacancies(unit, sorted({event.vacancy_id for event in events}))
    changed: dict[UUID, StoredUnit] = {}
    for event in sorted(events, key=lambda event: (event.vacancy_id, event.version)):
        stored = held.get(event.vacancy_id)
        state = _STATES.get(type(event), UnitState.FREE)
        offer_id = None if state is UnitState.FREE else event.offer_id
        if stored and domain.follow(stored.unit, event.vacancy_id, event.version, state, offer_id):
            changed[event.vacancy_id] = stored
    await store.save(unit, list(changed.values()))


async def placements_ended(leases: Leases, unit: UnitOfWork, events: Sequence[PlacementEnded]) -> None:
    """Households have a home elsewhere: their units come free by themselves."""
    held = await store.lock_units_of_vacancies(unit, sorted({event.vacancy_id for event in events}))
    moved = [stored for stored in held.values() if stored.unit.state is UnitState.OCCUPIED]
    for stored in moved:
        domain.depart(stored.unit)
    await _free_again(leases, unit, moved)


async def lapse_leases(unit: UnitOfWork) -> datetime | None:
    """Take out of service what nobody affirmed in time. Gives the moment when the next lease ends."""
    lapsed = []
    for stored in await store.lock_lapsed_units(unit, LAPSE_BATCH):
        vacancy_id = stored.unit.vacancy_id
        if vacancy_id is not None and domain.lapse(stored.unit, unit.now):
            _record_withdrawn(unit, stored, vacancy_id, WithdrawalReason.LAPSED)
            lapsed.append(stored)
    await store.save(unit, lapsed)
    return await store.next_lease_end(unit)


async def _free_again(leases: Leases, unit: UnitOfWork, emptied: Sequence[StoredUnit]) -> None:
    for stored in emptied:
        domain.free_again(stored.unit, _episode(unit, leases.lease_seconds, None))
        _record_freed(unit, stored)
    await store.save(unit, emptied)


def _episode(unit: UnitOfWork, lease_seconds: int, available_from: datetime | None) -> Episode:
    lease_expires_at = unit.now + timedelta(seconds=lease_seconds)
    return Episode(unit.identifiers(), unit.now, available_from or unit.now, lease_expires_at)


def _record_freed(unit: UnitOfWork, stored: StoredUnit) -> None:
    free, description = stored.unit, stored.description
    data = BedFreed(
        vacancy_id=free.vacancy_id,
        unit_id=free.id,
        facility_id=description.facility_id,
        version=free.version,
        programme=description.programme,
        places=description.places,
        accepts=description.accepts,
        serves=description.serves,
        available_from=free.available_from,
        lease_expires_at=free.lease_expires_at,
        freed_at=free.freed_at,
    )
    unit.record(data, subject=data.vacancy_id)


def _record_withdrawn(unit: UnitOfWork, stored: StoredUnit, vacancy_id: UUID, reason: WithdrawalReason) -> None:
    common = _common(stored.unit, vacancy_id) | {"programme": stored.description.programme}
    unit.record(BedWithdrawn(**common, reason=reason, withdrawn_at=unit.now), subject=vacancy_id)


def _common(unit: Unit, vacancy_id: UUID) -> dict[str, object]:
    return {"vacancy_id": vacancy_id, "unit_id": unit.id, "version": unit.version}
