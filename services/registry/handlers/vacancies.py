"""What the owners of vacancies report: free, withdrawn, arrived, not come, departed, claimed, housed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from schemas.messages.beds import ArrivalConfirmed, BedFreed, BedWithdrawn, DepartureRecorded, NoShowReported
from schemas.messages.quotas import HouseholdHoused, PlacementClaimed, SlotOpened, SlotWithdrawn
from schemas.vocabulary import AgeBand, ListKind, Need, Sex
from services.chassis.database import among
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain import offers
from services.registry.domain.model import Allocation, Entry, Offer, Terms, Vacancy, VacancyState
from services.registry.handlers import messages
from services.registry.handlers.matching import Matching, Matchmaker
from services.registry.store import allocations as store
from services.registry.store.waitlists import Waitlist
from services.registry.tables import offers as offers_table

HOUSING = "housing"
NO_ONE = Terms(0, frozenset(), frozenset(), children=False, wheelchair=False, needs=frozenset())
"""Terms of a vacancy of which only the end is known yet."""

Freed = BedFreed | SlotOpened
Ended = BedWithdrawn | SlotWithdrawn | NoShowReported
Fulfilled = ArrivalConfirmed | HouseholdHoused

Versioned = TypeVar("Versioned", BedFreed, SlotOpened, BedWithdrawn, SlotWithdrawn, NoShowReported)


async def vacancies_freed(matchmaker: Matchmaker, unit: UnitOfWork, freed: Sequence[Freed]) -> None:
    """Mirror vacancies that are free, or whose lease was affirmed, and offer each to the first eligible entry."""
    newest = _newest(freed)
    lists = await matchmaker.lists.lock(unit, sorted({_waitlist_of(message) for message in newest}))
    known = await store.of_vacancies(unit, lists, [message.vacancy_id for message in newest])
    new, changed = list[Vacancy](), list[Vacancy]()
    for message in newest:
        mirrored = known.get(message.vacancy_id)
        if mirrored is None:
            new.append(_vacancy_of(message))
        elif message.version > mirrored.vacancy.source_version:
            changed.append(_renewed(mirrored.vacancy, message))
    matchings = [
        await matchmaker.match(unit, lists[waitlist], free) for waitlist, free in _by_list((*new, *changed)).items()
    ]
    await store.insert_vacancies(unit, new)
    await store.update_vacancies(unit, changed)
    made = Matching([item for matching in matchings for item in matching.made])
    made.decisions = [decision for matching in matchings for decision in matching.decisions]
    await matchmaker.store(unit, made)


async def vacancies_ended(matchmaker: Matchmaker, unit: UnitOfWork, ended: Sequence[Ended]) -> None:
    """Take back what its owner withdrew: an open offer is revoked, an accepted one falls through, no place is lost."""
    newest = _newest(ended)
    ids = [message.vacancy_id for message in newest]
    lists = await matchmaker.lists.lock(unit, sorted({_waitlist_of(message) for message in newest}))
    known = await store.of_vacancies(unit, lists, ids)
    changed, over = list[Vacancy](), list[Offer]()
    for message in newest:
        allocation = known.get(message.vacancy_id)
        if allocation is not None and message.version > allocation.vacancy.source_version:
            over += _end(unit, allocation, message)
            changed.append(allocation.vacancy)
    await store.insert_vacancies(unit, [_end_of(message) for message in newest if message.vacancy_id not in known])
    await store.update_vacancies(unit, changed)
    await store.update_offers(unit, over)
    for waitlist, returned in _returned(lists, over):
        await matchmaker.match_and_store(unit, waitlist, [], returned)


async def households_arrived(matchmaker: Matchmaker, unit: UnitOfWork, arrived: Sequence[Fulfilled]) -> None:
    """They are there: the offer is fulfilled and the entry placed. A home also frees the place in the shelter."""
    ids = [message.vacancy_id for message in arrived]
    lists = await matchmaker.lists.lock_of_vacancies(unit, ids)
    known = await store.of_vacancies(unit, lists, ids)
    fulfilled = [offer for item in known.values() if (offer := offers.fulfil(item, unit.now)) is not None]
    await store.update_vacancies(unit, [item.vacancy for item in known.values()])
    await store.update_offers(unit, fulfilled)
    housed = [offer.entry.case_id for offer in fulfilled if offer.kind is ListKind.HOUSING]
    if housed:
        await _move_out(unit, housed)


async def placements_claimed(_: Matchmaker, unit: UnitOfWork, claimed: Sequence[PlacementClaimed]) -> None:
    """A municipality says: this household is ours."""
    await store.mark_claimed(unit, [message.offer_id for message in claimed])


async def households_departed(_: Matchmaker, unit: UnitOfWork, departed: Sequence[DepartureRecorded]) -> None:
    """The placement is over; the shelter reports the place free by itself."""
    ids = [message.offer_id for message in departed]
    await store.end_placements(unit, among(unit.connection, offers_table.c.id, ids))


async def _move_out(unit: UnitOfWork, case_ids: Sequence[UUID]) -> None:
    """End the shelter placements of households that have a home now."""
    in_shelter = offers_table.c.kind == ListKind.SHELTER
    mine = among(unit.connection, offers_table.c.case_id, case_ids)
    placements = await store.end_placements(unit, mine & in_shelter)
    versions = await store.raise_allocation_versions(unit, sorted(row.vacancy_id for row in placements))
    for row in placements:
        messages.record_placement_ended(
            unit,
            offer_id=row.id,
            vacancy_id=row.vacancy_id,
            recipient=row.coordinator,
            version=versions[row.vacancy_id],
            ended_at=unit.now,
        )


def _end(unit: UnitOfWork, allocation: Allocation, message: Ended) -> list[Offer]:
    state, reason = _ending(message)
    allocation.vacancy.source_version = message.version
    offer = offers.end_vacancy(allocation, state, reason, unit.now)
    if offer is None:
        return []
    messages.record_offer_ended(unit, allocation, offer)
    return [offer]


def _ending(message: Ended) -> tuple[VacancyState, str]:
    match message:
        case NoShowReported():
            return VacancyState.WITHDRAWN, "no_show"
        case BedWithdrawn(reason="lapsed"):
            return VacancyState.LAPSED, "lapsed"
        case _:
            return VacancyState.WITHDRAWN, "withdrawn"


def _newest(reported: Iterable[Versioned]) -> list[Versioned]:
    """The newest of each vacancy: events say what is true, so an older one has nothing to add."""
    newest: dict[UUID, Versioned] = {}
    for message in reported:
        if message.vacancy_id not in newest or message.version > newest[message.vacancy_id].version:
            newest[message.vacancy_id] = message
    return [newest[id_] for id_ in sorted(newest)]


def _returned(lists: dict[str, Waitlist], over: Sequence[Offer]) -> list[tuple[Waitlist, list[Entry]]]:
    by_list: defaultdict[str, list[Entry]] = defaultdict(list)
    for offer in over:
        by_list[offer.entry.waitlist].append(offer.entry)
    return [(lists[name], by_list[name]) for name in sorted(by_list)]


def _by_list(vacancies: Iterable[Vacancy]) -> dict[str, list[Vacancy]]:
    by_list: defaultdict[str, list[Vacancy]] = defaultdict(list)
    for vacancy in vacancies:
        by_list[vacancy.waitlist].append(vacancy)
    return by_list


def _waitlist_of(message: Freed | Ended) -> str:
    return HOUSING if isinstance(message, SlotOpened | SlotWithdrawn) else message.programme.value


def _vacancy_of(message: Freed) -> Vacancy:
    is_bed = isinstance(message, BedFreed)
    return Vacancy(
        id=message.vacancy_id,
        waitlist=_waitlist_of(message),
        kind=ListKind.SHELTER if is_bed else ListKind.HOUSING,
        resource_id=message.unit_id if is_bed else message.slot_id,
        terms=_terms_of(message),
        source_version=message.version,
        opened_at=message.freed_at if is_bed else message.opened_at,
        available_from=message.available_from,
        offerable_until=message.lease_expires_at if is_bed else None,
    )


def _terms_of(message: Freed) -> Terms:
    if isinstance(message, BedFreed):
        return Terms(
            message.places,
            frozenset(message.accepts.sexes),
            frozenset(message.accepts.age_bands),
            message.accepts.children,
            message.serves.wheelchair,
            frozenset(message.serves.needs),
        )
    # A home serves every need that does not ask for care within its walls.
    everyone = (frozenset(Sex), frozenset(AgeBand))
    return Terms(message.places, *everyone, children=True, wheelchair=message.wheelchair, needs=frozenset(Need))


def _renewed(vacancy: Vacancy, message: Freed) -> Vacancy:
    """What the owner says now replaces what was mirrored."""
    fresh = _vacancy_of(message)
    return replace(
        vacancy,
        terms=fresh.terms,
        source_version=fresh.source_version,
        available_from=fresh.available_from,
        offerable_until=fresh.offerable_until,
    )


def _end_of(message: Ended) -> Vacancy:
    """A vacancy whose end arrived before its beginning: remembered, so that the beginning comes too late."""
    state, _ = _ending(message)
    is_slot = isinstance(message, SlotWithdrawn)
    return Vacancy(
        id=message.vacancy_id,
        waitlist=_waitlist_of(message),
        kind=ListKind.HOUSING if is_slot else ListKind.SHELTER,
        resource_id=message.slot_id if is_slot else message.unit_id,
        terms=NO_ONE,
        source_version=message.version,
        opened_at=_ended_at(message),
        available_from=_ended_at(message),
        state=state,
    )


def _ended_at(message: Ended) -> datetime:
    return message.reported_at if isinstance(message, NoShowReported) else message.withdrawn_at


