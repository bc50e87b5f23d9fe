"""Closed cases: when nothing has happened to one for long enough, it is erased who it is about."""

from datetime import datetime, timedelta
from functools import cache, partial

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Executable,
    Integer,
    Select,
    Table,
    bindparam,
    func,
    or_,
    select,
    union,
)

from services.chassis.database import UtcDateTime
from services.chassis.retention import Kept, rows
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.model import ACTIVE_OFFER_STATES, LIVE_ENTRY_STATES
from services.registry.settings import Settings
from services.registry.store.vault import Vault
from services.registry.tables import (
    case_keys,
    cases,
    entries,
    offers,
    personal_data,
    placements,
    processing_log,
)

_OLDEST = bindparam("oldest", type_=UtcDateTime)


def kept(settings: Settings, vault: Vault) -> tuple[Kept, ...]:
    """What the registry does not keep for ever, beside messages."""
    personal = timedelta(days=settings.retention_personal_data_days)
    processed = timedelta(days=settings.retention_processing_log_days)
    return (
        rows("processing log", processed, processing_log, processing_log.c.ended_at),
        Kept("who closed cases are about", personal, _count, partial(_erase, vault)),
    )


async def _count(unit: UnitOfWork, oldest: datetime) -> int:
    return int((await unit.execute(_count_closed(), {"oldest": oldest})).one().number)


async def _erase(vault: Vault, unit: UnitOfWork, oldest: datetime, limit: int) -> int:
    """As `doorstroom cases erase` does, so that it stays erased when an older backup is put back."""
    found = await unit.execute(_first_closed(), {"oldest": oldest, "limit": limit})
    for row in found:
        await vault.erase(unit, row.case_id)
        unit.by_itself[row.case_id] = "retention"
    return len(found)


@cache
def _count_closed() -> Executable:
    return select(func.count().label("number")).select_from(_closed().subquery())


@cache
def _first_closed() -> Executable:
    return _closed().order_by(case_keys.c.case_id).limit(bindparam("limit", type_=Integer))


def _closed() -> Select[tuple[object]]:
    """The cases with a key, all of which lies before this moment, and of which nothing lives on.

    Cases that were merged are one person: as long as something lives of one of them, all are kept.
    """
    alive = _alive().subquery()
    root = func.coalesce(cases.c.merged_into, cases.c.id)
    roots = select(root).where(cases.c.id.in_(select(alive.c.case_id)))
    return (
        select(case_keys.c.case_id)
        .join(cases, cases.c.id == case_keys.c.case_id)
        .where(case_keys.c.made_at < _OLDEST, root.not_in(roots))
    )


def _alive() -> CompoundSelect[tuple[object]]:
    """The cases that somebody waits for or lives by, or that something happened to since."""
    found = (
        select(cases.c.id.label("case_id")).where(cases.c.created_at >= _OLDEST),
        _since(personal_data, personal_data.c.stored_at >= _OLDEST),
        _since(entries, or_(entries.c.state.in_(LIVE_ENTRY_STATES), entries.c.waiting_since >= _OLDEST)),
        _since(
            offers,
            or_(
                offers.c.made_at >= _OLDEST,
                offers.c.decided_at >= _OLDEST,
                offers.c.ended_at >= _OLDEST,
                offers.c.state.in_(ACTIVE_OFFER_STATES) & offers.c.ended_at.is_(None),
            ),
        ),
        _since(placements, or_(placements.c.ended_at.is_(None), placements.c.ended_at >= _OLDEST)),
    )
    return union(*found)


def _since(table: Table, condition: ColumnElement[bool]) -> Select[tuple[object]]:
    return select(table.c.case_id.label("case_id")).where(condition)
