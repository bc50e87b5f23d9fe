"""Cases that were made one, and what became of their entries by that."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, bindparam, insert, select, update

from schemas.vocabulary import MergeUndoReason
from services.chassis.database import Change, Row, one_of
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.entries import Line
from services.registry.domain.model import LIVE_ENTRY_STATES, EntryState, PauseReason
from services.registry.domain.order import HIGHEST_URGENCY, precedence
from services.registry.tables import case_mergers, cases, entries

_SET_MOMENTS = Change(entries, ("waiting_since", "precedence", "silences"))
_SET_LINES = Change(entries, ("waiting_since", "precedence", "silences", "state", "pause_reason", "paused_until"))


async def add_merger(unit: UnitOfWork, survivor_id: UUID, merged_id: UUID, coordinator: str, changed: str) -> UUID:
    """Store that two cases were made one; gives the merger's id."""
    merger_id = unit.identifiers()
    row = {"id": merger_id, "survivor_id": survivor_id, "merged_id": merged_id, "coordinator": coordinator}
    await unit.execute(insert(case_mergers).values(row | {"merged_at": unit.now, "changed": changed}))
    return merger_id


async def undo_merger(unit: UnitOfWork, merger_id: UUID, reason: MergeUndoReason) -> None:
    """Store that it was taken back."""
    changed = update(case_mergers).where(case_mergers.c.id == merger_id)
    await unit.execute(changed.values(undone_at=unit.now, undo_reason=reason))


async def find_merger(unit: UnitOfWork, merger_id: UUID, speaks_for: str | None) -> Row:
    """One of this coordinator's; with None, anyone's. Raises NotFound."""
    query = mergers_of(speaks_for).where(case_mergers.c.id == merger_id)
    row = (await unit.execute(query)).one_or_none()
    if row is None:
        raise NotFound("There is no such merger among yours.")
    return row


def mergers_of(speaks_for: str | None) -> Select[tuple[object, ...]]:
    """Every merger of this coordinator's; with None, of everyone's."""
    query = select(case_mergers)
    return query if speaks_for is None else query.where(case_mergers.c.coordinator == speaks_for)


_SET_MERGED = update(cases).where(cases.c.id == bindparam("case")).values(merged_into=bindparam("survivor"))
_MERGED = select(cases.c.id).where(cases.c.merged_into == bindparam("case")).limit(1)


async def set_merged_into(unit: UnitOfWork, case_id: UUID, survivor_id: UUID | None) -> None:
    """Say which case this one is the same person as, or that it is not."""
    await unit.execute(_SET_MERGED, {"case": case_id, "survivor": survivor_id})


async def has_merged(unit: UnitOfWork, case_id: UUID) -> bool:
    """Whether another case was merged into this one."""
    return bool(await unit.execute(_MERGED, {"case": case_id}))


_LISTS_OF = select(entries.c.waitlist).where(one_of(entries.c.id, "ids")).distinct().order_by(entries.c.waitlist)
_LIVE_LISTS_OF = (
    select(entries.c.waitlist)
    .where(entries.c.case_id == bindparam("case"), entries.c.state.in_(LIVE_ENTRY_STATES))
    .order_by(entries.c.waitlist)
)
_LINES_OF = select(entries).where(one_of(entries.c.id, "ids"))
_ASIDE = (
    update(entries)
    .where(one_of(entries.c.id, "ids"), entries.c.released, entries.c.state == EntryState.WAITING)
    .values(state=EntryState.PAUSED)
)


async def waitlists_of(unit: UnitOfWork, entry_ids: Sequence[UUID]) -> list[str]:
    """The lists of these entries, by name."""
    return [row.waitlist for row in await unit.execute(_LISTS_OF, {"ids": entry_ids})]


async def live_waitlists_of(unit: UnitOfWork, case_id: UUID) -> list[str]:
    """The lists in which a case stands. The caller holds it."""
    return [row.waitlist for row in await unit.execute(_LIVE_LISTS_OF, {"case": case_id})]


async def lines_of(unit: UnitOfWork, entry_ids: Sequence[UUID]) -> dict[UUID, tuple[str, Line]]:
    """In which lists these entries are, and at which places."""
    found = await unit.execute(_LINES_OF, {"ids": entry_ids})
    return {row.id: (row.waitlist, _line_of(row)) for row in found}


async def set_lines(unit: UnitOfWork, changed: Sequence[tuple[UUID, Line]]) -> None:
    """Give entries other places in line. The caller holds their lists.

    Those to which something is offered, now or when the place was noted, get no other state by this; and those that
    were released since by an acceptance elsewhere go on standing aside.
    """
    offered = [(id_, line) for id_, line in changed if line.state is EntryState.OFFERED]
    free = [(id_, line) for id_, line in changed if line.state is not EntryState.OFFERED]
    await unit.write(_SET_MOMENTS, [_line_row(id_, line) for id_, line in offered])
    await unit.write(_SET_LINES, [_line_row(id_, line) for id_, line in free])
    if free:
        await unit.execute(_ASIDE, {"ids": [id_ for id_, _ in free]})


def _line_of(row: Row) -> Line:
    reason = PauseReason(row.pause_reason) if row.pause_reason else None
    urgency = HIGHEST_URGENCY - row.precedence
    return Line(row.waiting_since, urgency, EntryState(row.state), reason, row.paused_until, row.silences)


def _line_row(entry_id: UUID, line: Line) -> dict[str, object]:
    names = ("waiting_since", "silences", "state", "pause_reason", "paused_until")
    same = {name: getattr(line, name) for name in names}
    return same | {"id": entry_id, "precedence": precedence(line.urgency)}


async def rows(unit: UnitOfWork, statement: Select[tuple[object, ...]]) -> Sequence[Row]:
    """What the statement finds."""
    return await unit.execute(statement)
