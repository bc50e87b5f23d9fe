"""Remembers which messages have had their effect, in the same transaction as the effect."""

from collections.abc import Sequence
from functools import lru_cache
from typing import cast
from uuid import UUID

from sqlalchemy import ARRAY, Executable, Table, Uuid, bindparam, func, literal, select, true
from sqlalchemy.dialects import postgresql, sqlite

from services.chassis.database import UtcDateTime, each
from services.chassis.unit_of_work import UnitOfWork


async def remember(unit: UnitOfWork, inbox: Table, ids: Sequence[UUID]) -> set[UUID]:
    """Note these message ids as handled and give those that were not noted before.

    A second transaction with the same id waits here until the first has committed or rolled back.
    """
    # Sorted, so that two transactions with overlapping batches take their locks in one order.
    wanted = sorted(set(ids))
    if unit.connection.dialect.name == "postgresql":
        rows = await unit.execute(_of_arrays(inbox), {"ids": wanted, "received_at": unit.now})
    else:
        rows = await unit.execute(_of_json(unit, inbox, wanted))
    return {cast("UUID", row.id) for row in rows}


@lru_cache(maxsize=16)
def _of_arrays(inbox: Table) -> Executable:
    """Built once for each table: building it again for every batch costs more than PostgreSQL spends on it."""
    given = func.unnest(bindparam("ids", type_=ARRAY(Uuid))).column_valued("value")
    rows = select(given, bindparam("received_at", type_=UtcDateTime))
    insert = postgresql.insert(inbox).from_select(["id", "received_at"], rows)
    return insert.on_conflict_do_nothing().returning(inbox.c.id)


def _of_json(unit: UnitOfWork, inbox: Table, ids: Sequence[UUID]) -> Executable:
    # SQLite needs a WHERE between a SELECT and ON CONFLICT.
    rows = select(each(unit.connection, ids).c.value, literal(unit.now, UtcDateTime)).where(true())
    insert = sqlite.insert(inbox).from_select(["id", "received_at"], rows)
    return insert.on_conflict_do_nothing().returning(inbox.c.id)
