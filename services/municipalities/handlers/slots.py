"""Slots: opened, withdrawn, and followed by what the registry decides about them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from schemas.messages.offers import (
    HouseholdChanged,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferRevoked,
    PlacementFellThrough,
)
from schemas.messages.quotas import SlotWithdrawn
from services.chassis.unit_of_work import UnitOfWork
from services.municipalities.domain import slots as rules
from services.municipalities.domain.claims import ClaimState
from services.municipalities.domain.slots import Household, Slot, SlotState
from services.municipalities.handlers.claims import bind_pending, reverse_fallen_through
from services.municipalities.handlers.messages import common, record_opened
from services.municipalities.store import claims, municipalities
from services.municipalities.store import slots as store

AllocationEvent = (
    OfferMade | OfferAccepted | HouseholdChanged | OfferDeclined | OfferExpired | OfferRevoked | PlacementFellThrough
)


async def open_slot(
    unit: UnitOfWork, municipality_code: str, places: int, available_from: datetime | None, *, wheelchair: bool
) -> Slot:
    """A municipality offers a dwelling or room. Raises NotFound when the municipality is not registered."""
    province = await municipalities.lock_own(unit, municipality_code)
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
    record_opened(unit, slot, await municipalities.former_codes(unit, municipality_code), province)
    return slot


async def withdraw_slot(unit: UnitOfWork, slot_id: UUID, municipality_code: str) -> Slot:
    """A municipality takes a slot back, and with it the claim that waits for it. Raises NotFound or Refused."""
    slot = await store.lock_slot(unit, slot_id, municipality_code)
    rules.withdraw(slot)
    await store.save(unit, [slot])
    for claim in (await claims.lock_on_slots(unit, [slot.id], ClaimState.PENDING)).values():
        claim.state = ClaimState.WITHDRAWN
        await claims.save(unit, claim)
    unit.record(SlotWithdrawn(**common(slot), withdrawn_at=unit.now), subject=slot.vacancy_id)
    return slot


async def allocations_changed(unit: UnitOfWork, events: Sequence[AllocationEvent]) -> None:
    """The registry offers slots, or takes its offers back: do as it says, the newest word last.

    A slot that was opened to claim whoever comes is claimed here, in the transaction that hears of the acceptance. And
    a claim on a household that will not come after all is reversed in the one that hears of that.
    """
    held = await store.lock_slots_of_vacancies(unit, sorted({event.vacancy_id for event in events}))
    claimed = [slot for slot in held.values() if slot.state is SlotState.CLAIMED]
    changed: dict[UUID, Slot] = {}
    for event in sorted(events, key=lambda event: (event.vacancy_id, event.version)):
        slot = held.get(event.vacancy_id)
        if slot is not None and _follow(slot, event):
            changed[slot.id] = slot
    await reverse_fallen_through(unit, [slot for slot in claimed if slot.state is not SlotState.CLAIMED])
    await bind_pending(unit, [slot for slot in changed.values() if slot.accepted and slot.state is SlotState.HELD])
    await store.save(unit, list(changed.values()))


def _follow(slot: Slot, event: AllocationEvent) -> bool:
    if isinstance(event, OfferMade | OfferAccepted | HouseholdChanged):
        household = Household(event.offer_id, event.household.adults, event.household.children)
        accepted = event.accepted if isinstance(event, HouseholdChanged) else isinstance(event, OfferAccepted)
        return rules.hold(slot, event.version, household, accepted=accepted)
    return rules.give_back(slot, event.version)
