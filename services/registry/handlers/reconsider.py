"""A case changed, so what follows from it may have: profiles, open offers, and what waits for someone like them."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from schemas.vocabulary import ContactReason, ListKind, RevocationReason
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain import allocation, entries, offers
from services.registry.domain.eligibility import Reason, is_newly_unsuitable, reasons_of_programme, without_place
from services.registry.domain.model import Allocation, Entry, EntryState, Offer, OfferState, Profile, Vacancy
from services.registry.handlers import messages
from services.registry.handlers.matching import Matchmaker
from services.registry.handlers.moves import move_on
from services.registry.store.allocations import of_offer, placed_offers, update_entries, update_vacancies
from services.registry.store.standing import Place, Standing, set_profiles, standing_of
from services.registry.store.waitlists import Waitlist


async def case_changed(
    matchmaker: Matchmaker,
    unit: UnitOfWork,
    case_id: UUID,
    *,
    right_ends: bool = False,
    change: tuple[Profile, Profile] | None = None,
) -> None:
    """Let everything follow that follows from the case as it is stored now.

    Each live entry gets the case's profile; an open offer that became wrong is revoked, with the rules that are
    against it as its reason, and its vacancy goes to the next in this transaction; entries whose right has ended
    lapse; and those that wait may get what has been waiting for someone like them. An accepted offer stays, for it is a
    promise to both sides; when it has become wrong by this, the coordinator and the helpdesk are told. `right_ends`:
    what changed is until when they have a right. `change`: what they were and what they are; then the coordinator and
    the helpdesk are told of where they live and what is wrong with it only now: nobody is put out by the registry.
    Raises NotFound.
    """
    lived_in = await _where_they_live(unit, case_id, *change) if change is not None else {}
    # All lists at once and by name, as everywhere.
    standing = await standing_of(matchmaker.lists, unit, case_id, *lived_in.values())
    if right_ends:
        # Places that were accepted: what is open is revoked below.
        await _warn_of_promises(
            matchmaker, unit, standing, lambda _, entry, vacancy: _has_no_right(unit, entry, vacancy)
        )
    await reconsider(matchmaker, unit, standing)
    for offer_id in lived_in:
        item = await of_offer(unit, standing.lists, offer_id)
        if item.offer is not None:
            await _warn(matchmaker, unit, item.offer)
            await update_entries(unit, [item.offer.entry])


async def reconsider(
    matchmaker: Matchmaker, unit: UnitOfWork, standing: Standing, ended_already: Sequence[Allocation] = ()
) -> None:
    """The same for a case that is held, of whose offers some have just ended and are not stored yet."""
    await _warn_of_promises(matchmaker, unit, standing, _is_newly_unsuitable)
    before = {place.entry.id: place.entry.profile for place in standing.places}
    await _give_profiles(matchmaker, unit, standing)
    ended = list(ended_already)
    for place in standing.places:
        wrong = _revoked_if_wrong(matchmaker, unit, place)
        wrong = wrong or await _revoked_if_changed(matchmaker, unit, standing, place, before[place.entry.id])
        ended += [wrong] if wrong is not None else []
    await _tell_of_changes(matchmaker, unit, standing, before)
    for place in standing.places:
        if entries.has_lapsed(place.entry, unit.now) and place.entry.state is not EntryState.OFFERED:
            entries.lapse(place.entry)
    await move_on(matchmaker, unit, standing.lists, ended, _not_of(ended, standing))


async def leave_lists(
    matchmaker: Matchmaker, unit: UnitOfWork, case_id: UUID, reason: RevocationReason = RevocationReason.LEFT_LIST
) -> None:
    """Take a case out of every list: consent was withdrawn, or it was merged into another. Raises NotFound.

    Open offers are revoked with the reason and move on; a place that was accepted or moved into stays as it is.
    """
    standing = await standing_of(matchmaker.lists, unit, case_id)
    await take_out(matchmaker, unit, standing.lists, reason, standing.places)


async def take_out(
    matchmaker: Matchmaker,
    unit: UnitOfWork,
    lists: Mapping[str, Waitlist],
    reason: RevocationReason,
    places: Sequence[Place],
) -> None:
    """End these places in lists that are held, but for those whose offer was accepted."""
    ended = [item for place in places if (item := revoked(unit, place, reason)) is not None]
    left = [place.entry for place in places if place.entry.state is not EntryState.OFFERED]
    for entry in left:
        entries.withdraw(entry)
    await move_on(matchmaker, unit, lists, ended, [entry for entry in left if not _is_of(ended, entry)])


async def _where_they_live(unit: UnitOfWork, case_id: UUID, before: Profile, now: Profile) -> dict[UUID, str]:
    """The offers by which they live where something is wrong for them only now, each with its list."""
    lived_in = await placed_offers(unit, case_id) if now != before else {}
    return {id_: name for id_, (name, terms) in lived_in.items() if is_newly_unsuitable(before, now, terms)}


async def _warn_of_promises(
    matchmaker: Matchmaker, unit: UnitOfWork, standing: Standing, is_wrong: Callable[[Standing, Entry, Vacancy], bool]
) -> None:
    """Tell of accepted places that are wrong now."""
    for place in standing.places:
        item = place.allocation
        if item is None or item.offer is None or item.offer.state is not OfferState.ACCEPTED:
            continue
        if is_wrong(standing, place.entry, item.vacancy):
            await _warn(matchmaker, unit, item.offer)


async def _warn(
    matchmaker: Matchmaker,
    unit: UnitOfWork,
    offer: Offer,
    reason: ContactReason = ContactReason.PLACE_NO_LONGER_SUITABLE,
) -> None:
    await messages.record_contact_needed(matchmaker.references, unit, offer, reason, matchmaker.helpdesk)


def _is_newly_unsuitable(standing: Standing, entry: Entry, vacancy: Vacancy) -> bool:
    return is_newly_unsuitable(entry.profile, standing.profile, vacancy.terms)


async def _tell_of_changes(
    matchmaker: Matchmaker, unit: UnitOfWork, standing: Standing, before: Mapping[UUID, Profile]
) -> None:
    """Tell the owners of what is offered still, or accepted, that other people come than they were told."""
    resized = []
    for place in standing.places:
        item, was, is_now = place.allocation, before[place.entry.id], place.entry.profile
        if item is None or item.offer is None or item.offer.state not in (OfferState.MADE, OfferState.ACCEPTED):
            continue
        if item.offer.kind is ListKind.HOUSING and was.people != is_now.people:
            messages.record_household_changed(unit, item)
            resized.append(item.vacancy)
        elif _was_told_otherwise(matchmaker, item.offer, was) and not is_newly_unsuitable(
            was, is_now, item.vacancy.terms
        ):
            await _warn(matchmaker, unit, item.offer, ContactReason.HOUSEHOLD_CHANGED)
    await update_vacancies(unit, resized)


def _has_no_right(unit: UnitOfWork, entry: Entry, vacancy: Vacancy) -> bool:
    return entries.has_lapsed(entry, vacancy.begins_at(unit.now))


async def _give_profiles(matchmaker: Matchmaker, unit: UnitOfWork, standing: Standing) -> None:
    changed = []
    for place in standing.places:
        if place.entry.profile != standing.profile:
            place.entry.profile = standing.profile
            waitlist = standing.lists[place.entry.waitlist]
            changed.append((place.entry.id, await matchmaker.lists.profile_id(unit, waitlist, standing.profile)))
    await set_profiles(unit, changed)


def _revoked_if_wrong(matchmaker: Matchmaker, unit: UnitOfWork, place: Place) -> Allocation | None:
    """By the version that was in force when the offer was made: a new one takes nothing back."""
    item = place.allocation
    if item is None or item.offer is None:
        return None
    if _has_no_right(unit, place.entry, item.vacancy):
        return revoked(unit, place, RevocationReason.NO_LONGER_ENTITLED)
    reasons = allocation.all_reasons(place.entry, item.vacancy, ())
    reasons += reasons_of_programme(place.entry.profile, matchmaker.programmes.of_offer(item.offer))
    return revoked(unit, place, ", ".join(without_place(reasons))) if reasons else None


async def _revoked_if_changed(
    matchmaker: Matchmaker, unit: UnitOfWork, standing: Standing, place: Place, before: Profile
) -> Allocation | None:
    """What still suits them, and is not for them as they are now. The vacancy may come back to them at once.

    The provider decided, or is deciding, about others; or it is kept for larger households, and such a one waits.
    """
    item = place.allocation
    if item is None or item.offer is None or not item.offer.is_open or before == place.entry.profile:
        return None
    if _was_told_otherwise(matchmaker, item.offer, before):
        return revoked(unit, place, RevocationReason.HOUSEHOLD_CHANGED)
    was_kept, terms = allocation.large_enough(before, item.vacancy.terms), item.vacancy.terms
    if was_kept and not allocation.large_enough(place.entry.profile, terms):
        waitlist = standing.lists[place.entry.waitlist]
        if await matchmaker.larger_ones_wait(unit, waitlist, item.vacancy):
            return revoked(unit, place, Reason.KEPT_FOR_LARGER_HOUSEHOLD)
    return None


def _was_told_otherwise(matchmaker: Matchmaker, offer: Offer, before: Profile) -> bool:
    """Whether the provider decides whom it takes, and was told something else of them."""
    return matchmaker.programmes.of_offer(offer).mediates and before.disclosed != offer.entry.profile.disclosed


def offer_of_wrong_place(matchmaker: Matchmaker, unit: UnitOfWork, item: Allocation) -> bool:
    """Whether what is offered is wrong by what its owner says of it now, and is revoked by this."""
    if item.offer is None:
        return False
    return _revoked_if_wrong(matchmaker, unit, Place(item.offer.entry, item)) is not None


def revoked(unit: UnitOfWork, place: Place, reason: str) -> Allocation | None:
    """What was offered to this place and is revoked by this; None when nothing was open."""
    if place.allocation is None or offers.revoke(place.allocation, reason, unit.now) is None:
        return None
    return place.allocation


def _not_of(ended: Sequence[Allocation], standing: Standing) -> list[Entry]:
    return [place.entry for place in standing.places if not _is_of(ended, place.entry)]


def _is_of(ended: Sequence[Allocation], entry: Entry) -> bool:
    return any(item.offer is not None and item.offer.entry is entry for item in ended)
