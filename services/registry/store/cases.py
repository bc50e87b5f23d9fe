"""Cases, entries and offers, one at a time: what the HTTP routes read and write."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Executable, Select, Table, Uuid, bindparam, insert, select, update

from schemas.vocabulary import ListKind
from services.chassis.database import Row, UtcDateTime, one_of
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.entries import Earlier
from services.registry.domain.model import LIVE_ENTRY_STATES, Entry, Lack, PauseReason, Profile
from services.registry.store.codec import encode_lacks, encode_profile
from services.registry.store.waitlists import row_of
from services.registry.tables import cases, entries, offers, profiles, waitlists

_INSERT_CASE = insert(cases)
_SET_PROFILE = update(cases).where(cases.c.id == bindparam("case", type_=Uuid)).values(profile=bindparam("facts"))


async def add_case(unit: UnitOfWork, case_id: UUID, coordinator: str, profile: Profile) -> None:
    """Store a new case of this coordinator's."""
    row = {"id": case_id, "coordinator": coordinator, "profile": encode_profile(profile), "created_at": unit.now}
    await unit.execute(_INSERT_CASE, row)


async def set_profile(unit: UnitOfWork, case_id: UUID, profile: Profile) -> None:
    """Store what eligibility looks at of a case from now on. What follows from it is `reconsider.case_changed`'s."""
    await unit.execute(_SET_PROFILE, {"case": case_id, "facts": encode_profile(profile)})


_INSERT_ENTRY = insert(entries)


async def add_entry(unit: UnitOfWork, entry: Entry, profile_id: UUID) -> None:
    """Store a new place in a list. Raises UniqueViolation when the case stands in that list already."""
    await unit.execute(_INSERT_ENTRY, row_of(entry, profile_id))


_LAST_PLACE = (
    select(entries.c.silences, entries.c.pause_reason, entries.c.paused_until)
    .where(entries.c.case_id == bindparam("case", type_=Uuid), entries.c.waitlist == bindparam("list"))
    .order_by(entries.c.id.desc())
    .limit(1)
)


async def last_place(unit: UnitOfWork, case_id: UUID, waitlist: str) -> Earlier | None:
    """How the case left this list the last time; None when it was never in it. The caller holds the case."""
    row = (await unit.execute(_LAST_PLACE, {"case": case_id, "list": waitlist})).one_or_none()
    if row is None:
        return None
    return Earlier(row.silences, PauseReason(row.pause_reason) if row.pause_reason else None, row.paused_until)


async def find_case(unit: UnitOfWork, case_id: UUID, coordinator: str | None) -> Row:
    """A case; with `coordinator`, only one of theirs. Raises NotFound."""
    found = await _find(unit, cases, case_id, coordinator, "case")
    unit.concerned.add(case_id)
    return found


async def find_family(unit: UnitOfWork, case_id: UUID, coordinator: str | None) -> Row:
    """The same, to look at it together with those that were merged into it, whoever's they were. Raises NotFound."""
    found = await find_case(unit, case_id, coordinator)
    await unit.widen()
    return found


_HELD = select(cases).where(cases.c.id == bindparam("case", type_=Uuid)).with_for_update(key_share=True)


async def hold_case(unit: UnitOfWork, case_id: UUID) -> Row:
    """A case, which until the transaction ends nobody else changes nor puts into a list. Raises NotFound."""
    unit.concerned.add(case_id)
    return _one(await unit.execute(_HELD, {"case": case_id}), "case")


_OWN_CASES = (
    select(cases.c.id)
    .where(one_of(cases.c.id, "cases"), cases.c.coordinator == bindparam("whose"), cases.c.merged_into.is_(None))
    .order_by(cases.c.id)
    .with_for_update(key_share=True)
)


async def own_cases(unit: UnitOfWork, case_ids: Sequence[UUID], coordinator: str) -> set[UUID]:
    """Which of these cases are this coordinator's, and were not merged into another; they are held."""
    mine = {row.id for row in await unit.execute(_OWN_CASES, {"cases": case_ids, "whose": coordinator})}
    unit.concerned |= mine
    return mine


_SET_ELIGIBLE = (
    update(entries)
    .where(entries.c.case_id == bindparam("case", type_=Uuid), entries.c.waitlist == bindparam("list"))
    .where(entries.c.state.in_(LIVE_ENTRY_STATES))
    .values(eligible_until=bindparam("until", type_=UtcDateTime))
)


async def set_eligible_until(unit: UnitOfWork, case_id: UUID, waitlist: str, until: datetime | None) -> None:
    """Say until when, if ever, a case may stand in this list; `reconsider.case_changed` then lets lapse what must."""
    await unit.execute(_SET_ELIGIBLE, {"case": case_id, "list": waitlist, "until": until})


_SET_LACKS = (
    update(entries)
    .where(
        entries.c.case_id == bindparam("case"),
        entries.c.state.in_(LIVE_ENTRY_STATES),
        entries.c.waitlist.in_(select(waitlists.c.id).where(waitlists.c.kind == bindparam("list_kind"))),
        entries.c.lacks != bindparam("now_lacks"),
    )
    .values(lacks=bindparam("now_lacks"))
)


async def set_lacks(unit: UnitOfWork, case_id: UUID, kind: ListKind, lacks: frozenset[Lack]) -> None:
    """Say what the live places of a case in lists of this kind lack."""
    await unit.execute(_SET_LACKS, {"case": case_id, "list_kind": kind, "now_lacks": encode_lacks(lacks)})


async def entries_of(unit: UnitOfWork, case_id: UUID) -> Sequence[Row]:
    """Every place that a case has or had in a list, the oldest first."""
    return await unit.execute(select(entries).where(entries.c.case_id == case_id).order_by(entries.c.id))


_ENTRY = (
    select(entries, profiles.c.profile)
    .join(profiles, profiles.c.id == entries.c.profile_id)
    .where(entries.c.id == bindparam("entry"))
)


async def find_entry(unit: UnitOfWork, entry_id: UUID, coordinator: str | None) -> Row:
    """An entry with its profile; with `coordinator`, only one of theirs. Raises NotFound."""
    return await _found(unit, _ENTRY, {"entry": entry_id}, coordinator, "entry")


async def find_offer(unit: UnitOfWork, offer_id: UUID, coordinator: str | None) -> Row:
    """An offer; with `coordinator`, only one of theirs. Raises NotFound."""
    return await _find(unit, offers, offer_id, coordinator, "offer")


def own(table: Table, coordinator: str, **filters: str | UUID | None) -> Select[tuple[object, ...]]:
    """The rows of this coordinator's that pass the filters."""
    conditions = [table.c[name] == value for name, value in filters.items() if value is not None]
    return select(table).where(*_own(table, coordinator), *conditions)


async def rows(unit: UnitOfWork, statement: Select[tuple[object, ...]]) -> Sequence[Row]:
    """What the statement finds, of cases or of what belongs to one."""
    found = await unit.execute(statement)
    for row in found:
        _concerned(unit, row)
    return found


async def all_waitlists(unit: UnitOfWork) -> Sequence[Row]:
    """Every waitlist there is."""
    return await unit.execute(select(waitlists.c.id, waitlists.c.kind).order_by(waitlists.c.id))


_BY_ID = {table: select(table).where(table.c.id == bindparam("id", type_=Uuid)) for table in (cases, offers)}


async def _find(unit: UnitOfWork, table: Table, id_: UUID, coordinator: str | None, what: str) -> Row:
    return await _found(unit, _BY_ID[table], {"id": id_}, coordinator, what)


async def _found(
    unit: UnitOfWork, statement: Executable, which: Mapping[str, object], coordinator: str | None, what: str
) -> Row:
    rows = await unit.execute(statement, which)
    return _concerned(unit, _one([row for row in rows if coordinator in (None, row["coordinator"])], what))


_CASES = frozenset({"case_id", "survivor_id", "merged_id"})


def _concerned(unit: UnitOfWork, row: Row) -> Row:
    """Whose case this is will be in the audit log."""
    unit.concerned.update(row[name] for name in _CASES.intersection(row.keys()))
    return row


def _own(table: Table, coordinator: str | None) -> list[ColumnElement[bool]]:
    return [] if coordinator is None else [table.c.coordinator == coordinator]


def _one(rows: Sequence[Row], what: str) -> Row:
    if not rows:
        # Someone else's looks exactly like one that does not exist.
        raise NotFound(f"There is no such {what} among yours.")
    return rows[0]
