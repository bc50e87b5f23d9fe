"""The answers to offers: yes, no, and silence."""

from datetime import datetime
from uuid import UUID

from schemas.vocabulary import DeclineReason
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain import offers
from services.registry.domain.model import Allocation
from services.registry.handlers import messages
from services.registry.handlers.matching import Matchmaker
from services.registry.handlers.moves import move_on
from services.registry.store import allocations as store
from services.registry.store.cases import find_offer
from services.registry.store.waitlists import Waitlist

EXPIRY_BATCH = 100


async def accept_offer(matchmaker: Matchmaker, unit: UnitOfWork, offer_id: UUID, coordinator: str) -> None:
    """Yes. Raises NotFound, or IllegalTransition when the offer has an outcome or its deadline has passed."""
    allocation, _ = await _locked(matchmaker, unit, offer_id, coordinator)
    offer = offers.accept(allocation, unit.now)
    await store.update_vacancies(unit, [allocation.vacancy])
    await store.update_offers(unit, [offer])
    await store.update_entries(unit, [offer.entry])
    messages.record_offer_accepted(unit, allocation)


async def decline_offer(
    matchmaker: Matchmaker, unit: UnitOfWork, offer_id: UUID, coordinator: str, reason: DeclineReason
) -> None:
    """No: in this same transaction the vacancy goes to the next. Raises NotFound or IllegalTransition."""
    allocation, lists = await _locked(matchmaker, unit, offer_id, coordinator)
    offers.decline(allocation, reason, unit.now)
    await move_on(matchmaker, unit, lists, [allocation])


async def expire_offers(matchmaker: Matchmaker, unit: UnitOfWork) -> datetime | None:
    """Silence: every offer whose deadline has come ends, and its vacancy goes to the next in this transaction.

    Gives the moment when the next offer will expire. Safe in any number of replicas: the list's lock decides between
    an answer and the deadline.
    """
    lists = await matchmaker.lists.lock(unit, await store.lists_with_due_offers(unit))
    if lists:
        due = await store.due(unit, lists, EXPIRY_BATCH)
        ended = [allocation for allocation in due if offers.expire(allocation, unit.now) is not None]
        await move_on(matchmaker, unit, lists, ended)
    return await store.next_deadline(unit)


async def _locked(
    matchmaker: Matchmaker, unit: UnitOfWork, offer_id: UUID, coordinator: str
) -> tuple[Allocation, dict[str, Waitlist]]:
    found = await find_offer(unit, offer_id, coordinator)
    lists = await matchmaker.lists.lock(unit, [found["waitlist"]])
    return await store.of_offer(unit, lists, offer_id), lists
