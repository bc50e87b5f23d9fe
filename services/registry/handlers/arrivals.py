"""Households arrive, move into a home or are gone, and leave what they had or waited for by that."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from schemas.messages.beds import ArrivalConfirmed
from schemas.messages.quotas import HouseholdHoused
from schemas.vocabulary import (
    FallThroughReason,
    ListKind,
    PlacementEndReason,
    RecordedPlacementEnd,
    RevocationReason,
)
from services.chassis.unit_of_work import UnitOfWork
from services.registry import measures
from services.registry.domain import entries, offers
from services.registry.domain.model import Allocation, Offer, OfferState
from services.registry.handlers import messages, placements
from services.registry.handlers.matching import Matchmaker
from services.registry.handlers.moves import move_on
from services.registry.handlers.reconsider import take_out
from services.registry.store import allocations as store
from services.registry.store import standing
from services.registry.store.standing import Place
from services.registry.store.waitlists import Waitlist

Arrival = ArrivalConfirmed | HouseholdHoused
Lists = Mapping[str, Waitlist]


async def households_arrived(matchmaker: Matchmaker, unit: UnitOfWork, arrived: Sequence[Arrival]) -> None:
    """They are there: the offer is fulfilled, the entry placed, and what they lived in before comes free."""
    ids = [message.vacancy_id for message in arrived]
    lists = await matchmaker.lists.lock_of_households(unit, ids)
    known = await store.of_vacancies(unit, lists, ids)
    expected = [known[message.vacancy_id] for message in arrived if _is_expected(message, known)]
    fulfilled = [offer for item in expected if (offer := offers.fulfil(item, unit.now)) is not None]
    await store.update_vacancies(unit, [item.vacancy for item in expected])
    await store.update_offers(unit, fulfilled)
    await store.update_entries(unit, [offer.entry for offer in fulfilled])
    for message in arrived:
        if message.vacancy_id in known and not _is_expected(message, known):
            fulfilled += await _arrived_after_all(matchmaker, unit, lists, message, known[message.vacancy_id])
    for offer in fulfilled:
        measures.count(unit, offer)
    await _leave_before(unit, [offer for offer in fulfilled if offer.kind is ListKind.SHELTER])
    housed = [offer.entry.case_id for offer in fulfilled if offer.kind is ListKind.HOUSING]
    if housed:
        await _move_into_homes(matchmaker, unit, lists, housed)


def _is_expected(message: Arrival, known: Mapping[UUID, Allocation]) -> bool:
    item = known.get(message.vacancy_id)
    return item is not None and item.offer is not None and item.offer.id == message.offer_id


async def _arrived_after_all(
    matchmaker: Matchmaker, unit: UnitOfWork, lists: Lists, message: Arrival, now: Allocation
) -> list[Offer]:
    """The place had been given up, and nobody there knew yet: they are there, so it is theirs after all.

    Whoever was offered it meanwhile has their old place back, and so has what was offered to these instead.
    """
    late = await store.of_offer(unit, lists, message.offer_id)
    gone = late.offer
    if gone is None or not offers.was_given_up(gone):
        return []
    was_housed = gone.reason == FallThroughReason.HOUSED
    mine = [place for place in await standing.places_of(unit, lists, [gone.entry.case_id]) if _is_like(place, gone)]
    gone.entry = next((place.entry for place in mine if place.entry.id == gone.entry.id), gone.entry)
    over = [place.allocation for place in mine if place.allocation is not None]
    over += [now] if now.offer is not None else []
    for item in over:
        _end(item, unit.now)
    late.vacancy = now.vacancy
    offers.arrive_after_all(late, unit.now)
    others = [place.entry for place in mine if place.entry.id != gone.entry.id]
    for entry in others:
        entries.withdraw(entry)
    await store.update_entries(unit, [gone.entry, *others])
    await move_on(matchmaker, unit, lists, over)
    await store.update_vacancies(unit, [now.vacancy])
    await store.update_offers(unit, [gone])
    if was_housed:
        await _end_placements(unit, [gone.entry.case_id], PlacementEndReason.HOUSED)
    return [gone]


def _is_like(place: Place, offer: Offer) -> bool:
    """A place in a list of the same kind, which they stand in no longer when they have arrived."""
    return place.allocation is None or place.allocation.vacancy.kind is offer.kind


def _end(item: Allocation, now: datetime) -> None:
    """Somebody else is there, or they are somewhere else."""
    if offers.revoke(item, RevocationReason.OCCUPIED, now) is None:
        offers.give_up(item, FallThroughReason.OCCUPIED, now)


async def _leave_before(unit: UnitOfWork, sheltered: Sequence[Offer]) -> None:
    """Who has arrived in a shelter is nowhere else any more: the bed that they had comes free."""
    case_ids = [offer.entry.case_id for offer in sheltered]
    await placements.households_moved(unit, case_ids, RecordedPlacementEnd.MOVED_INTO_SHELTER)
    await _end_placements(unit, case_ids, PlacementEndReason.MOVED, [offer.id for offer in sheltered])


async def _move_into_homes(matchmaker: Matchmaker, unit: UnitOfWork, lists: Lists, case_ids: Sequence[UUID]) -> None:
    """Who has a home waits for nothing any more, and keeps no bed, whether they live in it or only said yes to it."""
    await placements.households_moved(unit, case_ids, RecordedPlacementEnd.HOUSED)
    await _end_placements(unit, case_ids, PlacementEndReason.HOUSED)
    places = await standing.places_of(unit, lists, case_ids)
    await _give_up(matchmaker, unit, lists, places, RevocationReason.HOUSED, FallThroughReason.HOUSED)


async def household_gone(matchmaker: Matchmaker, unit: UnitOfWork, case_id: UUID) -> None:
    """A household has left to nobody knows where: its bed comes free, and it waits for none.

    The caller holds the case. Who comes back registers anew where they wait.
    """
    place = await standing.standing_of(matchmaker.lists, unit, case_id)
    sheltered = [item for item in place.places if place.lists[item.entry.waitlist].kind is ListKind.SHELTER]
    gone = FallThroughReason.LEFT_UNKNOWN_DESTINATION
    await _give_up(matchmaker, unit, place.lists, sheltered, RevocationReason.LEFT_LIST, gone)
    await placements.households_moved(unit, [case_id], RecordedPlacementEnd.LEFT)
    await _end_placements(unit, [case_id], PlacementEndReason.LEFT_UNKNOWN_DESTINATION)


async def _give_up(
    matchmaker: Matchmaker,
    unit: UnitOfWork,
    lists: Lists,
    places: Sequence[Place],
    revoked: RevocationReason,
    fell_through: FallThroughReason,
) -> None:
    """End these places, and what was offered to them or accepted."""
    promised = [item for place in places if (item := place.allocation) is not None and _is_accepted(item)]
    await take_out(matchmaker, unit, lists, revoked, places)
    for item in promised:
        entries.withdraw(offers.give_up(item, fell_through, unit.now).entry)
    await move_on(matchmaker, unit, lists, promised)


def _is_accepted(item: Allocation) -> bool:
    return item.offer is not None and item.offer.state is OfferState.ACCEPTED


async def _end_placements(
    unit: UnitOfWork, case_ids: Sequence[UUID], reason: PlacementEndReason, but: Collection[UUID] = ()
) -> None:
    """End the placements in shelters of these households, but for these offers', and tell the providers."""
    if not case_ids:
        return
    ended = await store.end_placements_in_shelters(unit, case_ids, but)
    versions = await store.raise_allocation_versions(unit, sorted(row.vacancy_id for row in ended))
    for row in ended:
        messages.record_placement_ended(unit, row, versions[row.vacancy_id], reason)
