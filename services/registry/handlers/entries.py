"""People join a waitlist, and leave it."""

from datetime import datetime
from uuid import UUID

from schemas.vocabulary import ListKind, Purpose
from services.chassis.database import UniqueViolation
from services.chassis.errors import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain import draw, entries
from services.registry.domain.entries import Line
from services.registry.domain.model import Entry, EntryState, PauseReason
from services.registry.handlers.entitlement import check_consent, lacks_of, right_ends_at
from services.registry.handlers.held import held_case
from services.registry.handlers.matching import Matchmaker
from services.registry.store import allocations
from services.registry.store import cases as store
from services.registry.store.draws import newest_draw
from services.registry.store.standing import standing_of
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
    """Take a waiting household out of line. Raises NotFound, or IllegalTransition when it is not waiting."""
    entry, _ = await _locked(matchmaker, unit, entry_id, coordinator)
    entries.withdraw(entry)
    await allocations.update_entries(unit, [entry])
    return entry


async def pause(
    matchmaker: Matchmaker, unit: UnitOfWork, entry_id: UUID, coordinator: str, until: datetime | None
) -> None:
    """Stand aside and keep the place. Raises NotFound, or IllegalTransition while something is on offer."""
    entry, _ = await _locked(matchmaker, unit, entry_id, coordinator)
    entries.pause(entry, PauseReason.REQUESTED, until)
    await allocations.update_entries(unit, [entry])


async def resume(matchmaker: Matchmaker, unit: UnitOfWork, entry_id: UUID, coordinator: str) -> None:
    """Back in line, and offered at once what has been waiting for someone like them.

    Raises NotFound, or IllegalTransition when it is not paused.
    """
    entry, waitlist = await _locked(matchmaker, unit, entry_id, coordinator)
    entries.resume(entry)
    await allocations.update_entries(unit, [entry])
    if entry.state is EntryState.WAITING:
        await matchmaker.match_and_store(unit, waitlist, [], [entry])


async def _locked(matchmaker: Matchmaker, unit: UnitOfWork, entry_id: UUID, coordinator: str) -> tuple[Entry, Waitlist]:
    found = await store.find_entry(unit, entry_id, coordinator)
    lists = await matchmaker.lists.lock(unit, [found["waitlist"]])
    row = await store.find_entry(unit, entry_id, coordinator)
    return entry_of(row, lists[row["waitlist"]].profiles), lists[row["waitlist"]]
