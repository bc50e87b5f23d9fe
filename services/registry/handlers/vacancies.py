"""What the owners of vacancies report: free, withdrawn, not come, departed, claimed; see `arrivals` for the rest."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from schemas.messages.beds import DepartureRecorded, EnquiryAnswered
from schemas.messages.quotas import ClaimReversed, PlacementClaimed
from services.chassis.unit_of_work import UnitOfWork
from services.registry import measures
from services.registry.domain import offers
from services.registry.domain.model import Allocation, Entry, EntryState, Offer, OfferState, Vacancy
from services.registry.handlers import messages, placements, reports
from services.registry.handlers.entitlement import leave_without_ground
from services.registry.handlers.matching import Matching, Matchmaker
from services.registry.handlers.moves import move_on
from services.registry.handlers.reconsider import offer_of_wrong_place
from services.registry.handlers.reports import Ended, Freed
from services.registry.store import allocations as store
from services.registry.store.waitlists import Waitlist


async def vacancies_freed(matchmaker: Matchmaker, unit: UnitOfWork, freed: Sequence[Freed]) -> None:
    """Mirror vacancies that are free, or of which something else is said now; offer each to the first eligible entry.

    An open offer that became wrong by what is said now is revoked.
    """
    newest = reports.newest(freed)
    lists = await matchmaker.lists.lock(unit, sorted({reports.waitlist_of(message) for message in newest}))
    missed = [ended for message in newest if (ended := reports.no_show_before(message)) is not None]
    if missed:
        # Whoever did not come has their old place back before what they left is given to anyone.
        await vacancies_ended(matchmaker, unit, missed)
    known = await store.of_vacancies(unit, lists, [message.vacancy_id for message in newest])
    new, changed, moved, over = list[Vacancy](), list[Vacancy](), list[Offer](), list[Allocation]()
    for message in newest:
        mirrored = known.get(message.vacancy_id)
        if mirrored is None:
            new.append(reports.vacancy_of(message))
        elif message.version > mirrored.vacancy.source_version:
            mirrored.vacancy = reports.renewed(mirrored.vacancy, message, unit.now)
            if offer_of_wrong_place(matchmaker, unit, mirrored):
                over.append(mirrored)
            else:
                changed.append(mirrored.vacancy)
                moved += _deadlines_moved(matchmaker, unit, mirrored)
    matchings = [
        await matchmaker.match(unit, lists[waitlist], free) for waitlist, free in _by_list((*new, *changed)).items()
    ]
    await store.insert_vacancies(unit, new)
    await store.update_vacancies(unit, changed)
    await store.update_offers(unit, moved)
    made = Matching([item for matching in matchings for item in matching.made])
    made.decisions = [decision for matching in matchings for decision in matching.decisions]
    await matchmaker.store(unit, made)
    fresh = {vacancy.id for vacancy in new}
    measures.time_from_freed(unit, [item for item in made.made if item.vacancy.id in fresh])
    await move_on(matchmaker, unit, lists, over)


async def vacancies_ended(matchmaker: Matchmaker, unit: UnitOfWork, ended: Sequence[Ended]) -> None:
    """Take back what its owner withdrew: an open offer is revoked, an accepted one falls through, no place is lost."""
    newest = reports.newest(ended)
    ids = [message.vacancy_id for message in newest]
    lists = await matchmaker.lists.lock(unit, sorted({reports.waitlist_of(message) for message in newest}))
    known = await store.of_vacancies(unit, lists, ids)
    changed, over = list[Vacancy](), list[Offer]()
    for message in newest:
        allocation = known.get(message.vacancy_id)
        if allocation is not None and message.version > allocation.vacancy.source_version:
            over += _end(unit, allocation, message)
            changed.append(allocation.vacancy)
    await store.insert_vacancies(
        unit, [reports.ended_vacancy(message) for message in newest if message.vacancy_id not in known]
    )
    await leave_without_ground(unit, over)
    await store.update_vacancies(unit, changed)
    await store.update_offers(unit, over)
    await store.update_entries(unit, [offer.entry for offer in over])
    for waitlist, returned in _returned(lists, over):
        await matchmaker.match_and_store(unit, waitlist, [], returned)


async def claims_reversed(matchmaker: Matchmaker, unit: UnitOfWork, reversed_: Sequence[ClaimReversed]) -> None:
    """A municipality took its claim back: the accepted offer falls through. Whoever was housed stays housed here."""
    ended = [message for message in reversed_ if not message.was_housed]
    if ended:
        await vacancies_ended(matchmaker, unit, ended)


async def placements_claimed(_: Matchmaker, unit: UnitOfWork, claimed: Sequence[PlacementClaimed]) -> None:
    """A municipality says: this household is ours."""
    await store.mark_claimed(unit, [message.offer_id for message in claimed])


async def households_departed(_: Matchmaker, unit: UnitOfWork, departed: Sequence[DepartureRecorded]) -> None:
    """The placement is over; the shelter reports the place free by itself."""
    ids = [message.offer_id for message in departed]
    ended = await store.end_placements(unit, ids)
    others = sorted(set(ids) - {row.id for row in ended})
    if others:
        await placements.households_departed(unit, others)


async def enquiries_answered(matchmaker: Matchmaker, unit: UnitOfWork, answered: Sequence[EnquiryAnswered]) -> None:
    """A provider agrees: now the household's coordinator is offered the place. Or refuses: the next is asked about.

    An answer to an enquiry that is not open any more is ignored.
    """
    ids = [message.vacancy_id for message in answered]
    lists = await matchmaker.lists.lock_of_vacancies(unit, ids)
    known = await store.of_vacancies(unit, lists, ids)
    agreed, refused = list[Allocation](), list[Allocation]()
    for message in answered:
        asked = known.get(message.vacancy_id)
        if asked is None or asked.offer is None or not _answers(message, asked.offer):
            continue
        if message.agreed:
            programme = matchmaker.programmes.of_offer(asked.offer)
            offers.agree(asked, matchmaker.offer_timing(programme, unit.now))
            agreed.append(asked)
        else:
            offers.refuse(asked, unit.now)
            refused.append(asked)
    await store.update_vacancies(unit, [item.vacancy for item in agreed])
    await store.update_offers(unit, [offer for item in agreed if (offer := item.offer) is not None])
    for item in agreed:
        await messages.record_offer_made(matchmaker.references, unit, item)
    await move_on(matchmaker, unit, lists, refused)


def _answers(message: EnquiryAnswered, offer: Offer) -> bool:
    return offer.id == message.offer_id and offer.state is OfferState.ENQUIRED


def _deadlines_moved(matchmaker: Matchmaker, unit: UnitOfWork, allocation: Allocation) -> list[Offer]:
    if allocation.offer is None:
        return []
    programme = matchmaker.programmes.of_offer(allocation.offer)
    moved = offers.lease_renewed(allocation, matchmaker.remind_before(programme), unit.now)
    return [] if moved is None else [moved]


def _end(unit: UnitOfWork, allocation: Allocation, message: Ended) -> list[Offer]:
    state, reason = reports.ending_of(message)
    allocation.vacancy.source_version = message.version
    offer = offers.end_vacancy(allocation, state, reason, unit.now)
    if offer is None:
        return []
    messages.record_offer_ended(unit, allocation, offer)
    return [offer]


def _returned(lists: dict[str, Waitlist], over: Sequence[Offer]) -> list[tuple[Waitlist, list[Entry]]]:
    by_list: defaultdict[str, list[Entry]] = defaultdict(list)
    for offer in over:
        if offer.entry.state is EntryState.WAITING:
            by_list[offer.entry.waitlist].append(offer.entry)
    return [(lists[name], by_list[name]) for name in sorted(by_list)]


def _by_list(vacancies: Iterable[Vacancy]) -> dict[str, list[Vacancy]]:
    by_list: defaultdict[str, list[Vacancy]] = defaultdict(list)
    for vacancy in vacancies:
        by_list[vacancy.waitlist].append(vacancy)
    return by_list
