"""What happens by itself when nobody answers: first a reminder, then the next household."""

from datetime import datetime

from schemas.vocabulary import ContactReason, EnquiryEndReason
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain import entries, offers
from services.registry.domain.model import Allocation, Offer, OfferState, PauseReason
from services.registry.domain.programmes import Programme
from services.registry.handlers import messages
from services.registry.handlers.matching import Matchmaker
from services.registry.handlers.moves import move_on
from services.registry.store import allocations as store

BATCH = 100


async def answers_due(matchmaker: Matchmaker, unit: UnitOfWork) -> datetime | None:
    """Remind of offers whose deadline is near, and move on what nobody answered, each in this transaction.

    Whoever was reminded in vain, or is silent again and again, is to be contacted: that is told to the coordinator
    and to the helpdesk. Gives the moment when the next is due. Safe in any number of replicas: the list's lock decides
    between an answer and the deadline.
    """
    lists = await matchmaker.lists.lock(unit, await store.lists_with_answers_due(unit))
    if lists:
        due = await store.due(unit, lists, BATCH)
        in_vain = {item.vacancy.id for item in due if _was_reminded(matchmaker, item)}
        ended = [allocation for allocation in due if offers.expire(allocation, unit.now) is not None]
        reminded = [allocation for allocation in due if offers.remind(allocation, unit.now)]
        for allocation in reminded:
            messages.record_deadline_nearing(unit, allocation)
        await store.update_vacancies(unit, [allocation.vacancy for allocation in reminded])
        await store.update_offers(unit, [offer for item in reminded if (offer := item.offer) is not None])
        for allocation in ended:
            reason = _why_to_contact(matchmaker, allocation, reminded=allocation.vacancy.id in in_vain)
            if reason is not None and allocation.offer is not None:
                await messages.record_contact_needed(
                    matchmaker.references, unit, allocation.offer, reason, matchmaker.helpdesk
                )
        await move_on(matchmaker, unit, lists, ended)
    return await store.next_answer_due(unit)


def _was_reminded(matchmaker: Matchmaker, allocation: Allocation) -> bool:
    offer = allocation.offer
    remind_before = None if offer is None else matchmaker.remind_before(_programme(matchmaker, offer))
    return offer is not None and offers.was_reminded_of(offer, remind_before)


def _why_to_contact(matchmaker: Matchmaker, allocation: Allocation, *, reminded: bool) -> ContactReason | None:
    """Why somebody should contact this household, if so; who is silent again and again stands aside until then."""
    offer = allocation.offer
    if offer is None or offer.state is not OfferState.EXPIRED:
        unanswered = offer is not None and offer.reason == EnquiryEndReason.UNANSWERED
        return ContactReason.PROVIDER_SILENT if unanswered else None
    if offer.entry.silences >= _programme(matchmaker, offer).silences_before_review:
        entries.pause(offer.entry, PauseReason.CONTACT_REVIEW, until=None)
        return ContactReason.SILENT_REPEATEDLY
    return ContactReason.REMINDED_IN_VAIN if reminded else None


def _programme(matchmaker: Matchmaker, offer: Offer) -> Programme:
    """The version by which it was offered."""
    return matchmaker.programmes.of_offer(offer)
