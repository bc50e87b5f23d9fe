"""What happens by itself when nobody answers: first a reminder, then the next household."""

from datetime import datetime

from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain import entries, offers
from services.registry.domain.model import Allocation, OfferState, PauseReason
from services.registry.handlers import messages
from services.registry.handlers.matching import Matchmaker
from services.registry.handlers.moves import move_on
from services.registry.store import allocations as store

BATCH = 100


async def answers_due(matchmaker: Matchmaker, unit: UnitOfWork) -> datetime | None:
    """Remind of offers whose deadline is near, and move on what nobody answered, each in this transaction.

    Gives the moment when the next is due. Safe in any number of replicas: the list's lock decides between an answer
    and the deadline.
    """
    lists = await matchmaker.lists.lock(unit, await store.lists_with_answers_due(unit))
    if lists:
        due = await store.due(unit, lists, BATCH)
        ended = [allocation for allocation in due if offers.expire(allocation, unit.now) is not None]
        reminded = [allocation for allocation in due if offers.remind(allocation, unit.now)]
        for allocation in reminded:
            messages.record_deadline_nearing(unit, allocation)
        await store.update_vacancies(unit, [allocation.vacancy for allocation in reminded])
        await store.update_offers(unit, [offer for item in reminded if (offer := item.offer) is not None])
        for allocation in ended:
            _review_after_silence(matchmaker, allocation)
        await move_on(matchmaker, unit, lists, ended)
    return await store.next_answer_due(unit)


def _review_after_silence(matchmaker: Matchmaker, allocation: Allocation) -> None:
    """Who did not answer several offers in a row may not be reachable: contact them before the next."""
    offer = allocation.offer
    if offer is None or offer.state is not OfferState.EXPIRED:
        return
    programme = matchmaker.programmes.at(offer.entry.waitlist, offer.made_at)
    if offer.entry.silences >= programme.silences_before_review:
        entries.pause(offer.entry, PauseReason.CONTACT_REVIEW, until=None)
