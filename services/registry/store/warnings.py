"""Of which reflection periods it is to be said that they end soon."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Integer, bindparam, func, select, update

from schemas.vocabulary import Programme
from services.chassis.database import Row, UtcDateTime
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.model import LIVE_ENTRY_STATES, EntryState, OfferState
from services.registry.store.families import FAMILY
from services.registry.tables import cases, entries, offers, placements, reflection_periods

_LIVES_THERE = (entries.c.state == EntryState.PLACED) & select(offers.c.id).where(
    offers.c.entry_id == entries.c.id, offers.c.state == OfferState.FULFILLED, offers.c.ended_at.is_(None)
).correlate(entries).exists()


_BY_MOMENT = (reflection_periods.c.warn_at, reflection_periods.c.case_id)
_DUE = (
    select(reflection_periods, func.coalesce(cases.c.merged_into, cases.c.id).label("person_id"), cases.c.coordinator)
    .join(cases, cases.c.id == reflection_periods.c.case_id)
    .where(reflection_periods.c.warn_at <= bindparam("now", type_=UtcDateTime))
    .order_by(*_BY_MOMENT)
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(of=reflection_periods, skip_locked=True)
)
_NEXT = (
    select(reflection_periods.c.warn_at).where(reflection_periods.c.warn_at.is_not(None)).order_by(*_BY_MOMENT).limit(1)
)


async def warnings_due(unit: UnitOfWork, limit: int) -> Sequence[Row]:
    """Hold periods of which it is time to warn, each with the case that now stands for the person, and whose it is.

    Those that somebody else holds are left to them, and are looked at again.
    """
    return await unit.execute(_DUE, {"now": unit.now, "limit": limit})


async def set_warning(unit: UnitOfWork, case_id: UUID, warn_at: datetime | None, warnings: int) -> None:
    """Store how often was warned of a period, and when to do so next."""
    changed = update(reflection_periods).where(reflection_periods.c.case_id == case_id)
    await unit.execute(changed.values(warn_at=warn_at, warnings=warnings))


async def next_warning_at(unit: UnitOfWork) -> datetime | None:
    """When it is next time to warn."""
    row = (await unit.execute(_NEXT)).first()
    return row.warn_at if row else None


_ENTRIES = select(entries.c.id).where(entries.c.case_id.in_(FAMILY), entries.c.waitlist == Programme.COSM)
_STOOD_IN_LINE = _ENTRIES.limit(1)
_IN_LINE_OR_THERE = _ENTRIES.where(entries.c.state.in_(LIVE_ENTRY_STATES) | _LIVES_THERE).limit(1)
_FOUND_THERE = (
    select(placements.c.id)
    .where(placements.c.case_id.in_(FAMILY), placements.c.programme == Programme.COSM, placements.c.ended_at.is_(None))
    .limit(1)
)


async def has_left_categorical_shelter(unit: UnitOfWork, case_id: UUID) -> bool:
    """Whether this person stood in its list and neither waits for such a place any more nor lives in one."""
    mine = {"family": case_id}
    if not await unit.execute(_STOOD_IN_LINE, mine):
        return False
    return not await unit.execute(_IN_LINE_OR_THERE, mine) and not await unit.execute(_FOUND_THERE, mine)
