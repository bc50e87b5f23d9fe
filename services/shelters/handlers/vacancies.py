"""Units that are free: posted, affirmed, withdrawn, lapsed, and allocated by the registry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from schemas.api.shelters import FreeUnit
from schemas.messages.offers import (
    EnquiryEnded,
    EnquiryMade,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferRevoked,
    PlacementFellThrough,
)
from schemas.vocabulary import UnitState, WithdrawalReason
from services.chassis.errors import FieldError, InvalidInput, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.shelters.domain import unit as domain
from services.shelters.domain.errors import Refused
from services.shelters.domain.unit import LEASED, Allocation, Episode
from services.shelters.handlers import contracts, facilities, messages
from services.shelters.handlers.leases import keep
from services.shelters.store import enquiries
from services.shelters.store import units as store
from services.shelters.store.units import StoredUnit

LAPSE_BATCH = 100

AllocationEvent = (
    EnquiryMade
    | EnquiryEnded
    | OfferMade
    | OfferAccepted
    | OfferDeclined
    | OfferExpired
    | OfferRevoked
    | PlacementFellThrough
)

_STATES: dict[type, UnitState] = {
    EnquiryMade: UnitState.HELD,
    OfferMade: UnitState.HELD,
    OfferAccepted: UnitState.RESERVED,
}
"""What an event of the registry makes of a unit; every other one makes it free."""


@dataclass(frozen=True, slots=True)
class Leases:
    """How long a unit that came free by itself, or was given back, stays valid unless a provider affirms it."""

    lease_seconds: int

    def ending(self, available_from: datetime) -> datetime:
        """When the lease ends of a unit that is available from this moment."""
        return available_from + timedelta(seconds=self.lease_seconds)


async def post_vacancy(
    unit: UnitOfWork, unit_id: UUID, organisation: str, lease_seconds: int, available_from: datetime | None
) -> StoredUnit:
    """A provider says that a unit is free. Raises NotFound or Refused."""
    stored = await store.lock_unit(unit, unit_id, organisation)
    lease_expires_at = unit.now + timedelta(seconds=lease_seconds)
    available_from = available_from or unit.now
    domain.post(stored.unit, Episode(unit.identifiers(), unit.now, available_from, lease_expires_at))
    await contracts.ensure_room(unit, stored, available_from)
    await store.save(unit, [stored])
    messages.record_freed(unit, stored)
    return stored


async def post_vacancies(unit: UnitOfWork, free: Sequence[FreeUnit], organisation: str) -> list[StoredUnit]:
    """A provider says that many units are free; new ones are added first. All of them, or none.

    Raises InvalidInput with everything that is wrong with any of them.
    """
    posted, problems = dict[int, StoredUnit](), list[FieldError]()
    # Units that are there in the order of their ids, as everyone locks them; new ones lock their facilities after that.
    for number, item in sorted(enumerate(free), key=lambda pair: (pair[1].unit_id is None, str(pair[1].unit_id))):
        try:
            posted[number] = await _post(unit, item, organisation)
        except (NotFound, Refused) as error:
            problems.append(FieldError(f"/vacancies/{number}", str(error)))
    if problems:
        raise InvalidInput("Nothing was posted; see errors.", fields=sorted(problems, key=_place))
    return [posted[number] for number in range(len(free))]


def _place(problem: FieldError) -> int:
    return int(problem.pointer.rsplit("/", 1)[1])


async def _post(unit: UnitOfWork, item: FreeUnit, organisation: str) -> StoredUnit:
    unit_id = item.unit_id
    if item.unit is not None:
        unit_id = (await facilities.open_unit(unit, item.unit, organisation)).unit.id
    assert unit_id is not None, "either of them is given"  # noqa: S101 - the body says so
    return await post_vacancy(unit, unit_id, organisation, item.lease_seconds, item.available_from)


async def affirm_vacancy(unit: UnitOfWork, vacancy_id: UUID, organisation: str, lease_seconds: int) -> StoredUnit:
    """A provider says that a unit is still free. Raises NotFound or Refused."""
    stored = await store.lock_unit_of_vacancy(unit, vacancy_id, organisation)
    domain.affirm(stored.unit, unit.now + timedelta(seconds=lease_seconds), unit.now)
    await keep(unit, [stored])
    messages.record_freed(unit, stored)
    return stored


async def withdraw_vacancy(
    unit: UnitOfWork, vacancy_id: UUID, organisation: str, reason: WithdrawalReason
) -> StoredUnit:
    """A provider takes a vacancy back. Raises NotFound or Refused."""
    return await _withdraw(unit, await store.lock_unit_of_vacancy(unit, vacancy_id, organisation), reason)


async def take_out_of_service(
    unit: UnitOfWork, unit_id: UUID, organisation: str, reason: WithdrawalReason
) -> StoredUnit:
    """A provider takes a unit out of service, whatever its vacancy is. Raises NotFound or Refused."""
    return await _withdraw(unit, await store.lock_unit(unit, unit_id, organisation), reason)


async def allocations_changed(leases: Leases, unit: UnitOfWork, events: Sequence[AllocationEvent]) -> None:
    """The registry offers, reserves or gives back units: do as it says, the newest word last."""
    await _follow(leases, unit, events)
    # Also of a unit that has moved on since: its provider may ask why.
    await enquiries.store_ends(unit, [event for event in events if isinstance(event, EnquiryEnded)])


async def enquiries_made(leases: Leases, unit: UnitOfWork, events: Sequence[EnquiryMade]) -> None:
    """The registry asks whether a provider would take a household: hold the unit, and list what is asked."""
    changed = await _follow(leases, unit, events)
    asked = [(event, changed[event.vacancy_id]) for event in events if event.vacancy_id in changed]
    await enquiries.add_enquiries(
        unit, [(event, held) for event, held in asked if held.unit.enquiring and held.unit.offer_id == event.offer_id]
    )


async def lapse_leases(unit: UnitOfWork) -> datetime | None:
    """Take out of service what nobody affirmed in time. Gives the moment when the next lease ends."""
    lapsed = []
    for stored in await store.lock_lapsed_units(unit, LAPSE_BATCH):
        vacancy_id = stored.unit.vacancy_id
        if vacancy_id is not None and domain.lapse(stored.unit, unit.now):
            messages.record_withdrawn(unit, stored, vacancy_id, WithdrawalReason.LAPSED)
            lapsed.append(stored)
    await keep(unit, lapsed)
    return await store.next_lease_end(unit)


async def _withdraw(unit: UnitOfWork, stored: StoredUnit, reason: WithdrawalReason) -> StoredUnit:
    vacancy_id = stored.unit.vacancy_id
    domain.withdraw(stored.unit)
    await keep(unit, [stored])
    if vacancy_id is not None:
        messages.record_withdrawn(unit, stored, vacancy_id, reason)
    return stored


async def _follow(leases: Leases, unit: UnitOfWork, events: Sequence[AllocationEvent]) -> dict[UUID, StoredUnit]:
    """Do as the registry says; give the units that changed, by vacancy."""
    known = await store.lock_units_of_vacancies(unit, sorted({event.vacancy_id for event in events}))
    told = {vacancy_id: stored.unit.version for vacancy_id, stored in known.items()}
    changed: dict[UUID, StoredUnit] = {}
    for event in sorted(events, key=lambda event: (event.vacancy_id, event.version)):
        stored = known.get(event.vacancy_id)
        if stored and domain.follow(stored.unit, _allocation(event), _renewed(leases, stored, unit.now), unit.now):
            changed[event.vacancy_id] = stored
    await keep(unit, list(changed.values()))
    for vacancy_id, stored in changed.items():
        if stored.unit.version > told[vacancy_id] and stored.unit.state in LEASED:
            messages.record_freed(unit, stored)
    return changed


def _renewed(leases: Leases, stored: StoredUnit, now: datetime) -> datetime:
    """The end of a lease that begins now or when the unit is available; never earlier than the one that runs."""
    ending = leases.ending(max(now, stored.unit.available_from or now))
    return max(ending, stored.unit.lease_expires_at or ending)


def _allocation(event: AllocationEvent) -> Allocation:
    state = _STATES.get(type(event), UnitState.FREE)
    offer_id = None if state is UnitState.FREE else event.offer_id
    return Allocation(event.vacancy_id, event.version, state, offer_id, isinstance(event, EnquiryMade))
