"""What the municipalities' service does: load, let the rules decide, save, and record what happened."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from schemas.messages.offers import (
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferRevoked,
    PlacementFellThrough,
)
from schemas.messages.quotas import HouseholdHoused, PlacementClaimed, SlotOpened, SlotWithdrawn
from services.chassis.database import UniqueViolation
from services.chassis.errors import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.municipalities import domain, store
from services.municipalities.domain import Household, LedgerKind, Slot

AllocationEvent = OfferMade | OfferAccepted | OfferDeclined | OfferExpired | OfferRevoked | PlacementFellThrough


async def register_municipality(unit: UnitOfWork, code: str, name: str, inhabitants: int) -> None:
    """The operator adds a municipality. Raises Conflict when it is known already."""
    try:
        await store.add_municipality(unit, code, name, inhabitants)
    except UniqueViolation as error:
        raise Conflict("A municipality with this code is registered already.") from error


async def set_quotas(
    unit: UnitOfWork, half_year: str, national_quota: int, national_inhabitants: int
) -> dict[str, int]:
    """Share the national number out over all municipalities. Raises Conflict when the half-year has its quotas."""
    inhabitants = await store.all_inhabitants(unit)
    if not inhabitants:
        raise Conflict("No municipality is registered yet; register them before setting quotas.")
    quotas = {
        code: domain.quota_share(national_quota, count, national_inhabitants)
        for code, count in sorted(inhabitants.items())
    }
    try:
        for code, people in quotas.items():
            await store.enter(unit, LedgerKind.TASK, code, half_year, people)
    except UniqueViolation as error:
        raise Conflict("The quotas of this half-year are set already.") from error
    return quotas


async def open_slot(
    unit: UnitOfWork, municipality_code: str, places: int, available_from: datetime | None, *, wheelchair: bool
) -> Slot:
    """A municipality offers a dwelling or room. Raises NotFound when the municipality is not registered."""
    slot = Slot(
        id=unit.identifiers(),
        vacancy_id=unit.identifiers(),
        municipality_code=municipality_code,
        places=places,
        wheelchair=wheelchair,
        opened_at=unit.now,
        available_from=available_from or unit.now,
    )
    await store.add_slot(unit, slot)
    opened = SlotOpened(
        **_common(slot),
        municipality_code=municipality_code,
        places=places,
        wheelchair=wheelchair,
        available_from=slot.available_from,
        opened_at=slot.opened_at,
    )
    unit.record(opened, subject=slot.vacancy_id)
    return slot


async def withdraw_slot(unit: UnitOfWork, slot_id: UUID, municipality_code: str) -> Slot:
    """A municipality takes a slot back. Raises NotFound or Refused."""
    slot = await store.lock_slot(unit, slot_id, municipality_code)
    domain.withdraw(slot)
    await store.save(unit, [slot])
    unit.record(SlotWithdrawn(**_common(slot), withdrawn_at=unit.now), subject=slot.vacancy_id)
    return slot


async def claim_slot(unit: UnitOfWork, slot_id: UUID, municipality_code: str) -> dict[str, object]:
    """A municipality binds itself to house the household that accepted. Raises NotFound or Refused."""
    slot = await store.lock_slot(unit, slot_id, municipality_code)
    domain.claim(slot)
    await store.save(unit, [slot])
    claim = {
        "id": unit.identifiers(),
        "slot_id": slot.id,
        "municipality_code": municipality_code,
        "offer_id": slot.offer_id,
        "people": slot.people,
        "half_year": domain.half_year_of(unit.now),
        "state": domain.SlotState.CLAIMED,
        "claimed_at": unit.now,
        "housed_at": None,
    }
    await store.add_claim(unit, claim)
    await _enter(unit, LedgerKind.CLAIMED, claim)
    claimed = PlacementClaimed(**_common(slot), offer_id=slot.offer_id, claim_id=claim["id"], claimed_at=unit.now)
    unit.record(claimed, subject=slot.vacancy_id)
    return claim


async def house_claim(unit: UnitOfWork, claim_id: UUID, municipality_code: str) -> dict[str, object]:
    """The household has moved in: it counts for the half-year of this moment. Raises NotFound or Refused."""
    found = await store.lock_claim(unit, claim_id, municipality_code)
    slot = await store.lock_slot(unit, found["slot_id"], municipality_code)
    domain.house(slot)
    await store.save(unit, [slot])
    half_year = domain.half_year_of(unit.now)
    claim = await store.save_claim(unit, found, state=domain.SlotState.HOUSED, housed_at=unit.now, half_year=half_year)
    await _enter(unit, LedgerKind.HOUSED, claim)
    housed = HouseholdHoused(**_common(slot), offer_id=slot.offer_id, claim_id=claim_id, housed_at=unit.now)
    unit.record(housed, subject=slot.vacancy_id)
    return claim


async def allocations_changed(unit: UnitOfWork, events: Sequence[AllocationEvent]) -> None:
    """The registry offers slots, or takes its offers back: do as it says, the newest word last."""
    held = await store.lock_slots_of_vacancies(unit, sorted({event.vacancy_id for event in events}))
    changed: dict[UUID, Slot] = {}
    for event in sorted(events, key=lambda event: (event.vacancy_id, event.version)):
        slot = held.get(event.vacancy_id)
        if slot is not None and _follow(slot, event):
            changed[slot.id] = slot
    await store.save(unit, list(changed.values()))


def _follow(slot: Slot, event: AllocationEvent) -> bool:
    if isinstance(event, OfferMade | OfferAccepted):
        household = Household(event.offer_id, event.household.adults, event.household.children)
        return domain.hold(slot, event.version, household, accepted=isinstance(event, OfferAccepted))
    return domain.give_back(slot, event.version)


async def _enter(unit: UnitOfWork, kind: LedgerKind, claim: dict[str, object]) -> None:
    code, half_year, people, claim_id = (claim[name] for name in ("municipality_code", "half_year", "people", "id"))
    await store.enter(unit, kind, code, half_year, people, claim_id)  # type: ignore[arg-type] # a row's values


def _common(slot: Slot) -> dict[str, object]:
    return {"vacancy_id": slot.vacancy_id, "slot_id": slot.id, "version": slot.version}
