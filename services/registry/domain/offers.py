"""What may happen to an offer. Each function changes one allocation from one legal state to the next, or refuses."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from schemas.vocabulary import EnquiryEndReason, FallThroughReason, RevocationReason
from services.registry.domain import entries
from services.registry.domain.errors import IllegalTransition
from services.registry.domain.model import (
    Allocation,
    Entry,
    EntryState,
    Offer,
    OfferState,
    PauseReason,
    Vacancy,
    VacancyState,
)

_GIVEN_UP = frozenset(
    {FallThroughReason.TAKEN_BACK, FallThroughReason.HOUSED, FallThroughReason.LEFT_UNKNOWN_DESTINATION}
)
"""What the registry let fall through by itself, so that those who own the vacancy hear of it later."""


RemindBefore = Callable[[datetime], datetime]
"""When to remind of a deadline."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When an answer is asked for, until when, and when somebody is reminded of a deadline, if ever."""

    now: datetime
    deadline_at: datetime
    remind_before: RemindBefore | None = None


def make(offer_id: UUID, vacancy: Vacancy, entry: Entry, timing: Timing) -> Allocation:
    """Offer the vacancy. The offer outlives neither the vacancy's lease nor the entry's right to it."""
    allocation = _begin(offer_id, vacancy, entry, timing, OfferState.MADE)
    _set_reminder(_offer_of(allocation), timing)
    return allocation


def enquire(offer_id: UUID, vacancy: Vacancy, entry: Entry, timing: Timing) -> Allocation:
    """Ask the provider first. The coordinator hears of it when the provider agrees."""
    return _begin(offer_id, vacancy, entry, timing, OfferState.ENQUIRED)


def agree(allocation: Allocation, timing: Timing) -> Offer:
    """The provider takes the household: now it is offered."""
    offer = _in_state(allocation, OfferState.ENQUIRED, "agreed to")
    offer.state, offer.made_at = OfferState.MADE, timing.now
    _set_deadline(offer, timing.deadline_at, allocation.vacancy)
    _set_reminder(offer, timing)
    allocation.vacancy.allocation_version += 1
    return offer


def refuse(allocation: Allocation, now: datetime) -> Offer:
    """The provider does not take the household: the vacancy is for the next, whom it is asked about too."""
    _in_state(allocation, OfferState.ENQUIRED, "refused")
    return _give_back(allocation, OfferState.ENDED, now, EnquiryEndReason.REFUSED)


def lease_renewed(allocation: Allocation, remind_before: RemindBefore | None, now: datetime) -> Offer | None:
    """The vacancy's lease ends at another moment now, and with it the time to answer. None when that stays the same."""
    offer = allocation.offer
    if offer is None or not offer.is_open:
        return None
    before = offer.deadline_at
    _set_deadline(offer, offer.full_deadline_at or before, allocation.vacancy)
    if offer.deadline_at == before:
        return None
    if offer.state is OfferState.MADE:
        _set_reminder(offer, Timing(now, offer.deadline_at, remind_before))
    return offer


def remind(allocation: Allocation, now: datetime) -> bool:
    """Whether it is time to say, for once, that the deadline is near."""
    offer = allocation.offer
    if offer is None or offer.state is not OfferState.MADE or offer.remind_at is None or now < offer.remind_at:
        return False
    offer.remind_at = None
    allocation.vacancy.allocation_version += 1
    return True


def was_reminded_of(offer: Offer, remind_before: RemindBefore | None) -> bool:
    """Whether it was said of this open offer that its deadline is near: a reminder was set, and is no longer due."""
    if remind_before is None or offer.state is not OfferState.MADE or offer.remind_at is not None:
        return False
    return remind_before(offer.deadline_at) > offer.made_at


def accept(allocation: Allocation, now: datetime) -> Offer:
    """The coordinator says yes, in time."""
    offer = _in_state(allocation, OfferState.MADE, "accepted")
    if now >= offer.deadline_at:
        raise IllegalTransition("The offer's deadline has passed; it moves to the next household.")
    offer.entry.silences = 0
    offer.accepted_at = now
    return _decide(allocation, OfferState.ACCEPTED, now)


def decline(allocation: Allocation, reason: str, now: datetime) -> Offer:
    """The coordinator says no; the household keeps its place, and the vacancy is for someone else."""
    _in_state(allocation, OfferState.MADE, "declined").entry.silences = 0
    return _give_back(allocation, OfferState.DECLINED, now, reason)


def undo_decline(allocation: Allocation, reason: str, now: datetime) -> Entry:
    """The coordinator takes a refusal back, so that the vacancy may be offered to them again. Raises IllegalTransition.

    Only while nothing depends on it: the vacancy has gone to nobody else, and the time to answer still runs.
    """
    offer = _in_state(allocation, OfferState.DECLINED, "taken back")
    if offer.undone is not None or now >= offer.deadline_at:
        raise IllegalTransition("The refusal was taken back already, or the time to answer is over.")
    if not allocation.vacancy.may_be_offered(now):
        raise IllegalTransition("The vacancy has moved on, or is gone; the refusal stands.")
    if offer.entry.pause_reason in (PauseReason.DECLINED, PauseReason.REVIEW):
        entries.resume(offer.entry)
    if offer.entry.state is not EntryState.WAITING:
        raise IllegalTransition(f"The entry is {offer.entry.state} now; the refusal stands.")
    offer.undone = reason
    return offer.entry


def undo_acceptance(allocation: Allocation, reason: str, now: datetime) -> Offer:
    """The coordinator takes a yes back: the vacancy is for someone else. Raises IllegalTransition.

    Only while nothing depends on it: they have not arrived, and no municipality has claimed them.
    """
    if _in_state(allocation, OfferState.ACCEPTED, "taken back").claimed_at is not None:
        raise IllegalTransition("A municipality has claimed the household; ask it to reverse that.")
    offer = give_up(allocation, FallThroughReason.TAKEN_BACK, now)
    offer.undone = reason
    return offer


def give_up(allocation: Allocation, reason: FallThroughReason, now: datetime) -> Offer:
    """What was accepted comes to nothing, and not by its owner. The entry has its old place back."""
    _in_state(allocation, OfferState.ACCEPTED, "given up")
    return _give_back(allocation, OfferState.FELL_THROUGH, now, reason)


def was_given_up(offer: Offer) -> bool:
    """Whether it came to nothing here before those heard of it who own the vacancy."""
    return offer.state is OfferState.FELL_THROUGH and offer.reason in _GIVEN_UP


def arrive_after_all(allocation: Allocation, now: datetime) -> Offer:
    """They were there before anyone there heard that the place was given up: where people are counts."""
    offer = _in_state(allocation, OfferState.FELL_THROUGH, "fulfilled after all")
    allocation.vacancy.state = VacancyState.FILLED
    offer.reason = None
    entries.place(offer.entry)
    return _decide(allocation, OfferState.FULFILLED, now)


def expire(allocation: Allocation, now: datetime) -> Offer | None:
    """Silence: at the deadline what nobody answered moves on. None when it has an outcome already.

    Who had less time than the programme gives was not silent: that offer is revoked.
    """
    offer = allocation.offer
    if offer is None or not offer.is_open or now < offer.deadline_at:
        return None
    if offer.full_deadline_at is not None:
        lapsed = allocation.vacancy.offerable_until == offer.deadline_at
        reason = RevocationReason.LAPSED if lapsed else RevocationReason.NO_LONGER_ENTITLED
        return _give_back(allocation, _overtaken(offer), now, reason)
    if offer.state is OfferState.ENQUIRED:
        return _give_back(allocation, OfferState.ENDED, now, EnquiryEndReason.UNANSWERED)
    offer.entry.silences += 1
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
    offer = _offer_of(allocation)
    offer.state = state
    offer.remind_at = None
    offer.decided_at = now
    allocation.vacancy.allocation_version += 1
    return offer


def _begin(offer_id: UUID, vacancy: Vacancy, entry: Entry, timing: Timing, state: OfferState) -> Allocation:
    until = timing.deadline_at
    offer = Offer(offer_id, vacancy.id, entry, vacancy.kind, made_at=timing.now, deadline_at=until, state=state)
    _set_deadline(offer, until, vacancy)
    vacancy.state = VacancyState.OFFERED
    vacancy.allocation_version += 1
    entry.state = EntryState.OFFERED
    return Allocation(vacancy, offer)


def _set_deadline(offer: Offer, until: datetime, vacancy: Vacancy) -> None:
    offer.deadline_at = min(filter(None, (until, vacancy.offerable_until, offer.entry.eligible_until)))
    offer.full_deadline_at = until if offer.deadline_at < until else None


def _set_reminder(offer: Offer, timing: Timing) -> None:
    """None when the whole time to answer is shorter than that."""
    if timing.remind_before is not None:
        remind_at = timing.remind_before(offer.deadline_at)
        offer.remind_at = remind_at if remind_at > timing.now else None


def _offer_of(allocation: Allocation) -> Offer:
    assert allocation.offer is not None, "only an allocation with an offer can be decided"  # noqa: S101 - callers checked
    return allocation.offer
