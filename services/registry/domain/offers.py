"""What may happen to an offer. Each function changes one allocation from one legal state to the next, or refuses."""

from datetime import datetime
from uuid import UUID

from schemas.vocabulary import EnquiryEndReason
from services.registry.domain.errors import IllegalTransition
from services.registry.domain.model import (
    Allocation,
    Entry,
    EntryState,
    Offer,
    OfferState,
    Vacancy,
    VacancyState,
)


def make(offer_id: UUID, vacancy: Vacancy, entry: Entry, now: datetime, deadline_at: datetime) -> Allocation:
    """Offer the vacancy. The offer never outlives the vacancy's lease."""
    if vacancy.offerable_until is not None:
        deadline_at = min(deadline_at, vacancy.offerable_until)
    offer = Offer(offer_id, vacancy.id, entry, vacancy.kind, made_at=now, deadline_at=deadline_at)
    vacancy.state = VacancyState.OFFERED
    vacancy.allocation_version += 1
    entry.state = EntryState.OFFERED
    return Allocation(vacancy, offer)


def accept(allocation: Allocation, now: datetime) -> Offer:
    """The coordinator says yes, in time."""
    offer = _in_state(allocation, OfferState.MADE, "accepted")
    if now >= offer.deadline_at:
        raise IllegalTransition("The offer's deadline has passed; it moves to the next household.")
    return _decide(allocation, OfferState.ACCEPTED, now)


def decline(allocation: Allocation, reason: str, now: datetime) -> Offer:
    """The coordinator says no; the household keeps its place, and the vacancy is for someone else."""
    _in_state(allocation, OfferState.MADE, "declined")
    return _give_back(allocation, OfferState.DECLINED, now, reason)


def expire(allocation: Allocation, now: datetime) -> Offer | None:
    """Silence: at the deadline what nobody answered moves on. None when it has an outcome already."""
    offer = allocation.offer
    if offer is None or not offer.is_open or now < offer.deadline_at:
        return None
    if offer.state is OfferState.ENQUIRED:
        return _give_back(allocation, OfferState.ENDED, now, EnquiryEndReason.UNANSWERED)
    return _give_back(allocation, OfferState.EXPIRED, now)


def end_vacancy(allocation: Allocation, state: VacancyState, reason: str, now: datetime) -> Offer | None:
    """Its owner takes the vacancy back. An open offer is revoked, an accepted one falls through.

    Gives the offer that ended, or None when nothing was on offer. The entry keeps its old place either way.
    """
    offer, ended = allocation.offer, None
    if offer is not None and offer.is_open:
        ended = _give_back(allocation, _overtaken(offer), now, reason)
    elif offer is not None and offer.state is OfferState.ACCEPTED:
        ended = _give_back(allocation, OfferState.FELL_THROUGH, now, reason)
    if allocation.vacancy.state is not VacancyState.FILLED:
        allocation.vacancy.state = state
    return ended


def fulfil(allocation: Allocation, now: datetime) -> Offer | None:
    """They have arrived, or moved in. None when that was known already."""
    offer = allocation.offer
    if offer is None or offer.state is not OfferState.ACCEPTED:
        return None
    allocation.vacancy.state = VacancyState.FILLED
    offer.entry.state = EntryState.PLACED
    return _decide(allocation, OfferState.FULFILLED, now)


def revoke(allocation: Allocation, reason: str, now: datetime) -> Offer | None:
    """What was offered became wrong: nobody need answer any more. None when nothing is open.

    An accepted offer is a promise to both sides, and is not revoked: whoever owns the vacancy takes it back.
    """
    offer = allocation.offer
    if offer is None or not offer.is_open:
        return None
    return _give_back(allocation, _overtaken(offer), now, reason)


def _overtaken(offer: Offer) -> OfferState:
    return OfferState.ENDED if offer.state is OfferState.ENQUIRED else OfferState.REVOKED


def _in_state(allocation: Allocation, state: OfferState, verb: str) -> Offer:
    offer = allocation.offer
    if offer is None or offer.state is not state:
        now_is = "no longer open" if offer is None else offer.state
        raise IllegalTransition(f"The offer is {now_is}; only one that is {state} can be {verb}.")
    return offer


def _give_back(allocation: Allocation, state: OfferState, now: datetime, reason: str | None = None) -> Offer:
    """The entry waits again with its old waiting-since, and the vacancy is open again."""
    offer = _decide(allocation, state, now)
    offer.reason = reason
    offer.entry.state = EntryState.WAITING
    allocation.vacancy.state = VacancyState.OPEN
    return offer


def _decide(allocation: Allocation, state: OfferState, now: datetime) -> Offer:
    offer = allocation.offer
    assert offer is not None, "only an allocation with an offer can be decided"  # noqa: S101 - the callers checked
    offer.state = state
    offer.decided_at = now
    allocation.vacancy.allocation_version += 1
    return offer
