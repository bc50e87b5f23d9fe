"""The answers to offers: yes, and no with what it means."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from schemas.vocabulary import DeclineReason, ListKind, RevocationReason, UndoReason
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain import entries, offers
from services.registry.domain.model import Allocation, EntryState, Offer, OfferState, PauseReason, Terms
from services.registry.domain.programmes import Consequence
from services.registry.handlers import messages
from services.registry.handlers.held import derive_profile
from services.registry.handlers.matching import Matchmaker
from services.registry.handlers.moves import move_on
from services.registry.handlers.reconsider import case_changed, reconsider, revoked
from services.registry.store import allocations as store
from services.registry.store.cases import find_offer
from services.registry.store.decisions import decided_about
from services.registry.store.households import add_exclusion, lift_exclusion_of
from services.registry.store.standing import Place, Standing, standing_of


@dataclass(frozen=True, slots=True)
class Answering:
    """Who answers: the organisation, and whether it may do so on behalf of any coordinator."""

    organisation: str
    for_anyone: bool = False

    @property
    def speaks_for(self) -> str | None:
        """Whose offers it may answer; None for everyone's."""
        return None if self.for_anyone else self.organisation


async def accept_offer(matchmaker: Matchmaker, unit: UnitOfWork, offer_id: UUID, by: Answering) -> None:
    """Yes. The household's places in other shelter lists are released, with what was offered to them.

    Raises NotFound, or IllegalTransition when the offer has an outcome or its deadline has passed.
    """
    standing, allocation = await _held(matchmaker, unit, offer_id, by)
    offer = offers.accept(allocation, unit.now)
    offer.decided_by = by.organisation
    await store.update_vacancies(unit, [allocation.vacancy])
    await store.update_offers(unit, [offer])
    await store.update_entries(unit, [offer.entry])
    messages.record_offer_accepted(unit, allocation)
    if offer.kind is ListKind.SHELTER:
        await _release_others(matchmaker, unit, standing, offer)


async def decline_offer(
    matchmaker: Matchmaker, unit: UnitOfWork, offer_id: UUID, by: Answering, reason: DeclineReason
) -> None:
    """No: in this same transaction the reason has its consequence, and the vacancy goes to the next.

    Raises NotFound or IllegalTransition.
    """
    standing, allocation = await _held(matchmaker, unit, offer_id, by)
    offer = offers.decline(allocation, reason, unit.now)
    offer.decided_by = by.organisation
    await _follow_refusal(matchmaker, unit, standing, allocation, offer)


async def undo_answer(
    matchmaker: Matchmaker, unit: UnitOfWork, offer_id: UUID, by: Answering, reason: UndoReason
) -> None:
    """Take an answer back, while nothing depends on it.

    A refusal: the vacancy is offered to the household again, as a new offer with its own decision, and what the refusal
    excluded is excluded no longer; a provider who agreed to them as they are is not asked again. An acceptance: the
    household has its old places back in every list, and the vacancy goes to the next. Raises NotFound or
    IllegalTransition.
    """
    standing, allocation = await _held(matchmaker, unit, offer_id, by)
    if allocation.offer is not None and allocation.offer.state is OfferState.ACCEPTED:
        offers.undo_acceptance(allocation, reason, unit.now)
        await move_on(matchmaker, unit, standing.lists, [allocation])
        return
    entry = offers.undo_decline(allocation, reason, unit.now)
    before = allocation.offer
    assert before is not None, "its refusal was just taken back"  # noqa: S101 - for the type checker
    await store.update_offers(unit, [before])
    await store.update_entries(unit, [entry])
    excluded = await lift_exclusion_of(unit, entry.case_id, _place_of(allocation.vacancy.terms), before.decided_at)
    if excluded:
        entry.profile = await derive_profile(unit, entry.case_id)
    told = await decided_about(unit, before.id, entry.id)
    agreed = told is not None and told.disclosed == entry.profile.disclosed
    await matchmaker.offer_again(unit, standing.lists[entry.waitlist], allocation.vacancy, entry, agreed=agreed)
    if excluded:
        await case_changed(matchmaker, unit, entry.case_id)


async def _follow_refusal(
    matchmaker: Matchmaker, unit: UnitOfWork, standing: Standing, allocation: Allocation, offer: Offer
) -> None:
    """By the version that was in force when the offer was made."""
    programme = matchmaker.programmes.of_offer(offer)
    match programme.consequences[DeclineReason(offer.reason or DeclineReason.OTHER)]:
        case Consequence.PAUSE:
            entries.pause(offer.entry, PauseReason.DECLINED, unit.now + timedelta(days=programme.pause_days))
        case Consequence.REVIEW:
            entries.pause(offer.entry, PauseReason.REVIEW, until=None)
        case Consequence.EXCLUDE_FACILITY:
            place = _place_of(allocation.vacancy.terms)
            await add_exclusion(unit, unit.identifiers(), offer.entry.case_id, place)
            standing.profile = await derive_profile(unit, offer.entry.case_id)
            await reconsider(matchmaker, unit, standing, [allocation])
            return
    await move_on(matchmaker, unit, standing.lists, [allocation])


def _place_of(terms: Terms) -> Mapping[str, object]:
    """What is excluded when a place is unsafe: its facility, or of a home, which has none, its municipality."""
    if terms.facility_id is not None:
        return {"facility_id": terms.facility_id}
    return {"municipality_code": terms.municipality_code}


async def _release_others(matchmaker: Matchmaker, unit: UnitOfWork, standing: Standing, accepted: Offer) -> None:
    others = [place for place in standing.places if _is_other_shelter(place, standing, accepted)]
    ended = [item for place in others if (item := revoked(unit, place, RevocationReason.ACCEPTED_ELSEWHERE))]
    for place in others:
        if place.entry.state is not EntryState.OFFERED:
            entries.release(place.entry)
    over = {id(item.offer.entry) for item in ended if item.offer is not None}
    released = [place.entry for place in others if id(place.entry) not in over]
    await move_on(matchmaker, unit, standing.lists, ended, released)


def _is_other_shelter(place: Place, standing: Standing, accepted: Offer) -> bool:
    return place.entry.id != accepted.entry.id and standing.lists[place.entry.waitlist].kind is ListKind.SHELTER


async def _held(matchmaker: Matchmaker, unit: UnitOfWork, offer_id: UUID, by: Answering) -> tuple[Standing, Allocation]:
    """The case of this offer with all its lists, and the offer, whatever became of it. Raises NotFound."""
    found = await find_offer(unit, offer_id, by.speaks_for)
    await unit.widen()
    standing = await standing_of(matchmaker.lists, unit, found.case_id, found.waitlist)
    for place in standing.places:
        item = place.allocation
        if item is not None and item.offer is not None and item.offer.id == offer_id:
            return standing, item
    return standing, await store.of_offer(unit, standing.lists, offer_id)
