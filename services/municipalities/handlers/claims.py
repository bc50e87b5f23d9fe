"""Claims: a household is a municipality's, it moves in and counts, or the claim is taken back with a reason."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from schemas.messages.quotas import ClaimReversed, HouseholdHoused, PlacementClaimed
from schemas.vocabulary import ClaimReversalReason
from services.chassis.unit_of_work import UnitOfWork
from services.municipalities.domain import claims as rules
from services.municipalities.domain import ledger as bookings
from services.municipalities.domain import slots as slot_rules
from services.municipalities.domain.claims import Claim, ClaimState
from services.municipalities.domain.half_year import HalfYear
from services.municipalities.domain.quotas import QuotaRules
from services.municipalities.domain.slots import Slot
from services.municipalities.handlers.books import carry_claim, carry_over
from services.municipalities.handlers.messages import common
from services.municipalities.store import claims as store
from services.municipalities.store import ledger, municipalities, slots


async def claim_slot(unit: UnitOfWork, slot_id: UUID, municipality_code: str) -> Claim:
    """A municipality binds itself to house the household that accepted. Raises NotFound or Refused."""
    await municipalities.lock_own(unit, municipality_code)
    slot = await slots.lock_slot(unit, slot_id, municipality_code)
    claim = _new(unit, slot)
    await _bind(unit, slot, claim)
    await slots.save(unit, [slot])
    await store.add_claim(unit, claim)
    await _book_claim(unit, claim)
    return claim


async def claim_next(unit: UnitOfWork, slot: Slot) -> Claim:
    """A municipality claims whoever accepts this slot, which it has just opened: pending until someone does."""
    claim = _new(unit, slot)
    await store.add_claim(unit, claim)
    return claim


async def bind_pending(unit: UnitOfWork, accepted: Sequence[Slot]) -> None:
    """The claims that were waiting for these acceptances are made. The slots are held, and stored by the caller."""
    if not accepted:
        return
    pending = await store.lock_on_slots(unit, [slot.id for slot in accepted], ClaimState.PENDING)
    await municipalities.lock(unit, [claim.municipality_code for claim in pending.values()])
    for slot in accepted:
        claim = pending.get(slot.id)
        if claim is not None:
            await _bind(unit, slot, claim)
            await store.save(unit, claim)
            await _book_claim(unit, claim)


async def house_claim(
    unit: UnitOfWork,
    quota_rules: QuotaRules,
    claim_id: UUID,
    municipality_code: str,
    *,
    day: date | None = None,
    people: int | None = None,
) -> Claim:
    """The household has moved in, now or on an earlier day: it counts for the half-year of that moment.

    `people`: how many, when that is not how many the registry says that they are by now. Raises NotFound, or Refused.
    """
    await municipalities.lock_own(unit, municipality_code)
    claim = await store.lock_claim(unit, claim_id, municipality_code)
    slot = await slots.lock_slot(unit, claim.slot_id, municipality_code)
    slot_rules.house(slot)
    moment = rules.moved_in_at(claim, day, unit.now)
    people = people or slot.people
    await _book_housed(unit, claim, people, moment, counts=quota_rules.counts(moment))
    rules.move_in(claim, moment, people, counts=quota_rules.counts(moment))
    await slots.save(unit, [slot])
    await store.save(unit, claim)
    if HalfYear.of(moment) != HalfYear.of(unit.now):
        await carry_over(unit)
    housed = HouseholdHoused(**common(slot), offer_id=slot.offer_id, claim_id=claim.id, housed_at=moment)
    unit.record(housed, subject=slot.vacancy_id)
    return claim


async def reverse_claim(unit: UnitOfWork, claim_id: UUID, municipality_code: str, reason: ClaimReversalReason) -> Claim:
    """A claim is taken back: it counts no longer, in the half-year that it counted in. Raises NotFound or Refused."""
    await municipalities.lock_own(unit, municipality_code)
    claim = await store.lock_claim(unit, claim_id, municipality_code)
    slot = await slots.lock_slot(unit, claim.slot_id, municipality_code)
    was_housed = rules.reverse(claim, reason, unit.now)
    slot_rules.reverse(slot)
    await slots.save(unit, [slot])
    await store.save(unit, claim)
    await _book_reversal(unit, claim, was_housed=was_housed)
    reversed_ = ClaimReversed(
        **common(slot),
        offer_id=slot.offer_id,
        claim_id=claim.id,
        reason=reason,
        was_housed=was_housed,
        reversed_at=unit.now,
    )
    unit.record(reversed_, subject=slot.vacancy_id)
    return claim


async def reverse_fallen_through(unit: UnitOfWork, fallen: Sequence[Slot]) -> None:
    """Their households will not come after all, says the registry: the claims on them count no longer.

    The registry knows, so it is told nothing: the home goes to the next household. The slots are held.
    """
    if not fallen:
        return
    made = await store.lock_on_slots(unit, [slot.id for slot in fallen], ClaimState.CLAIMED)
    await municipalities.lock(unit, [claim.municipality_code for claim in made.values()])
    for claim in made.values():
        rules.reverse(claim, ClaimReversalReason.PLACEMENT_FELL_THROUGH, unit.now)
        await store.save(unit, claim)
        await _book_reversal(unit, claim, was_housed=False)


def _new(unit: UnitOfWork, slot: Slot) -> Claim:
    return Claim(unit.identifiers(), slot.id, slot.municipality_code, requested_at=unit.now)


async def _bind(unit: UnitOfWork, slot: Slot, claim: Claim) -> None:
    slot_rules.claim(slot)
    assert slot.offer_id is not None, "a slot that can be claimed is held under an offer"  # noqa: S101 - the rule checked
    rules.bind(claim, slot.offer_id, slot.people, unit.now)
    claimed = PlacementClaimed(**common(slot), offer_id=slot.offer_id, claim_id=claim.id, claimed_at=unit.now)
    unit.record(claimed, subject=slot.vacancy_id)


async def _book_claim(unit: UnitOfWork, claim: Claim) -> None:
    booking = bookings.claimed(claim.municipality_code, claim.booked_in, claim.people)
    await ledger.book(unit, booking, claim_id=claim.id)


async def _book_housed(unit: UnitOfWork, claim: Claim, people: int, moment: datetime, *, counts: bool) -> None:
    """Book it as true from its moment on. The book of a municipality that came of a merger begins with that."""
    code, half_year = claim.municipality_code, HalfYear.of(moment)
    merged_at = await municipalities.merged_at(unit, code) or moment
    # It was carried over at each bound since, as long as nobody had said that they had moved in.
    while half_year < claim.booked_in:
        await carry_claim(unit, claim, claim.booked_in.previous, max(claim.booked_in.begins_at, merged_at))
    true_from = max(moment, merged_at)
    if claim.booked_in < half_year:
        await carry_claim(unit, claim, half_year, true_from)
    found = [bookings.claim_resized(code, half_year, people - claim.people)] if people != claim.people else []
    found.append(bookings.housed(code, half_year, people, counts=counts))
    await ledger.book(unit, *found, claim_id=claim.id, effective_at=true_from)


async def _book_reversal(unit: UnitOfWork, claim: Claim, *, was_housed: bool) -> None:
    if not was_housed:
        booking = bookings.claim_reversed(claim.municipality_code, claim.booked_in, claim.people)
        await ledger.book(unit, booking, claim_id=claim.id)
    elif claim.counted:
        booking = bookings.housed_reversed(claim.municipality_code, claim.booked_in, claim.people)
        await ledger.book(unit, booking, claim_id=claim.id)
        await carry_over(unit)
