"""People join a waitlist, and leave it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from uuid import UUID

from schemas.vocabulary import ListKind, Purpose, RevocationReason
from services.chassis.database import UniqueViolation
from services.chassis.errors import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain import draw, entries
from services.registry.domain.entries import Line
from services.registry.domain.model import Entry, EntryState, OfferState, PauseReason
from services.registry.handlers.entitlement import check_consent, lacks_of, right_ends_at
from services.registry.handlers.held import held_case
from services.registry.handlers.matching import Matchmaker
from services.registry.handlers.moves import move_on
from services.registry.handlers.reconsider import revoked
from services.registry.store import allocations
from services.registry.store import cases as store
from services.registry.store.draws import newest_draw
from services.registry.store.standing import Place, places_of, standing_of
from services.registry.store.waitlists import Waitlist, entry_of


async def join_waitlist(
    matchmaker: Matchmaker,
    unit: UnitOfWork,
    *,
    case_id: UUID,
    coordinator: str,
    waitlist: str,
    line: Line,
) -> Entry:
    """Put a household in line, and offer it at once what has been waiting for someone like them, unless it pauses.

    Raises NotFound for a case of someone else's, Conflict when it stands in this list already, was merged into another
    case, has not agreed to what the list is for, or has no right to it.
    """
    await held_case(unit, case_id, coordinator)
    standing = await standing_of(matchmaker.lists, unit, case_id, waitlist)
    mine, profile = standing.lists[waitlist], standing.profile
    await check_consent(unit, case_id, Purpose(mine.kind))
    until = await right_ends_at(unit, case_id, matchmaker.programmes.at(waitlist, unit.now))
    lot = await _lot(unit, waitlist, case_id)
    entry = Entry(
        unit.identifiers(),
        waitlist,
        case_id,
        coordinator,
        profile,
        line.urgency,
        line.waiting_since,
        eligible_until=until,
        silences=line.silences,
        lot=lot,
        lacks=(await lacks_of(unit, case_id))[mine.kind],
    )
    earlier = await store.last_place(unit, case_id, waitlist)
    if earlier is not None:
        entries.come_back(entry, earlier, unit.now)
    if line.pause_reason is not None:
        entries.pause(entry, line.pause_reason, line.paused_until)
    if mine.kind is ListKind.SHELTER and standing.has_accepted(ListKind.SHELTER):
        entries.release(entry)
    profile_id = await matchmaker.lists.profile_id(unit, mine, profile)
    try:
        await store.add_entry(unit, entry, profile_id)
    except UniqueViolation as error:
        raise Conflict("This case stands in this waitlist already.") from error
    if entry.state is EntryState.WAITING:
        await matchmaker.match_and_store(unit, mine, [], [entry])
    return entry


async def _lot(unit: UnitOfWork, waitlist: str, case_id: UUID) -> UUID:
    newest = await newest_draw(unit, waitlist)
    if newest is None:
        return draw.NO_LOT
    return draw.TOO_LATE if newest.published_at is not None else draw.lot(bytes(newest.seed), draw.ticket(case_id))


async def leave_waitlist(matchmaker: Matchmaker, unit: UnitOfWork, entry_id: UUID, coordinator: str) -> Entry:
    """Take a waiting household out of line; a provider need not answer about it any more.

    Raises NotFound, or IllegalTransition when it is not waiting.
    """
    return await _step_out(matchmaker, unit, entry_id, coordinator, RevocationReason.LEFT_LIST, entries.withdraw)


async def pause(
    matchmaker: Matchmaker, unit: UnitOfWork, entry_id: UUID, coordinator: str, until: datetime | None
) -> None:
    """Stand aside and keep the place; a provider need not answer about them any more.

    Raises NotFound, or IllegalTransition while something is on offer.
    """
    aside = partial(entries.pause, reason=PauseReason.REQUESTED, until=until)
    await _step_out(matchmaker, unit, entry_id, coordinator, RevocationReason.PAUSED, aside)


async def resume(matchmaker: Matchmaker, unit: UnitOfWork, entry_id: UUID, coordinator: str) -> None:
    """Back in line, and offered at once what has been waiting for someone like them.

    Raises NotFound, or IllegalTransition when it is not paused.
    """
    entry, waitlist = await _locked(matchmaker, unit, entry_id, coordinator)
    entries.resume(entry)
    await allocations.update_entries(unit, [entry])
    if entry.state is EntryState.WAITING:
        await matchmaker.match_and_store(unit, waitlist, [], [entry])


async def _step_out(
    matchmaker: Matchmaker,
    unit: UnitOfWork,
    entry_id: UUID,
    coordinator: str,
    reason: RevocationReason,
    step: Callable[[Entry], None],
) -> Entry:
    """The coordinator cannot answer what only a provider was asked about, so that does not keep them in line."""
    entry, waitlist = await _locked(matchmaker, unit, entry_id, coordinator)
    lists = {waitlist.id: waitlist}
    asked = await _asked_about(unit, lists, entry)
    if asked is None or (ended := revoked(unit, asked, reason)) is None:
        step(entry)
        await allocations.update_entries(unit, [entry])
        return entry
    step(asked.entry)
    await move_on(matchmaker, unit, lists, [ended])
    return asked.entry


async def _asked_about(unit: UnitOfWork, lists: Mapping[str, Waitlist], entry: Entry) -> Place | None:
    """The entry with what a provider is asked about it, if one is."""
    if entry.state is not EntryState.OFFERED:
        return None
    for place in await places_of(unit, lists, [entry.case_id]):
        offer = place.allocation.offer if place.allocation is not None else None
        if place.entry.id == entry.id and offer is not None and offer.state is OfferState.ENQUIRED:
            return place
    return None


async def _locked(matchmaker: Matchmaker, unit: UnitOfWork, entry_id: UUID, coordinator: str) -> tuple[Entry, Waitlist]:
    found = await store.find_entry(unit, entry_id, coordinator)
    await unit.widen()
    lists = await matchmaker.lists.lock(unit, [found["waitlist"]])
    row = await store.find_entry(unit, entry_id, coordinator)
    return entry_of(row, lists[row["waitlist"]].profiles), lists[row["waitlist"]]
