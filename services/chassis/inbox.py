"""Remembers which messages have had their effect, in the same transaction as the effect."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from sqlalchemy import Table, literal, select, true
from sqlalchemy.dialects import postgresql, sqlite

from services.chassis.database import UtcDateTime, each
from services.chassis.unit_of_work import UnitOfWork


async def remember(unit: UnitOfWork, inbox: Table, ids: Sequence[UUID]) -> set[UUID]:
    """Note these message ids as handled and give those that were not noted before.

    A second transaction with the same id waits here until the first has committed or rolled back.
    """
    dialect = unit.connection.dialect.name
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(inbox)
    # Sorted, so that two transactions with overlapping batches take their locks in one order.
    # SQLite needs a WHERE between a SELECT and ON CONFLICT.
    rows = select(each(unit.connection, sorted(set(ids))).c.value, literal(unit.now, UtcDateTime)).where(true())
    statement = insert.from_select(["id", "received_at"], rows).on_conflict_do_nothing().returning(inbox.c.id)
    return {cast("UUID", row.id) for row in await unit.execute(statement)}
