"""Remembers which messages have had their effect, in the same transaction as the effect."""

from collections.abc import Sequence
from functools import lru_cache
from typing import cast
from uuid import UUID

from sqlalchemy import Executable, Table, Uuid, bindparam, select, true
from sqlalchemy.dialects import postgresql, sqlite

from services.chassis.database import POSTGRESQL, Insertion, UtcDateTime, list_parameters, listed
from services.chassis.unit_of_work import UnitOfWork


async def note(unit: UnitOfWork, inbox: Table, ids: Sequence[UUID]) -> None:
    """Note these message ids as handled; the transaction ends with UniqueViolation when one was noted before."""
    # Sorted, so that two transactions with overlapping batches take their locks in one order.
    await unit.write(_insertion(inbox), [{"id": id_, "received_at": unit.now} for id_ in sorted(ids)])


async def remember(unit: UnitOfWork, inbox: Table, ids: Sequence[UUID]) -> set[UUID]:
    """Note these message ids as handled and give those that were not noted before.

    A second transaction with the same id waits here until the first has committed or rolled back.
    """
    dialect, wanted = unit.connection.dialect.name, [(id_,) for id_ in sorted(set(ids))]
    parameters = list_parameters(dialect, ["id"], wanted) | {"received_at": unit.now}
    return {cast("UUID", row.id) for row in await unit.execute(_noting(dialect, inbox), parameters)}


@lru_cache(maxsize=16)
def _insertion(inbox: Table) -> Insertion:
    return Insertion(inbox)


@lru_cache(maxsize=16)
def _noting(dialect: str, inbox: Table) -> Executable:
    insert = (postgresql.insert if dialect == POSTGRESQL else sqlite.insert)(inbox)
    # SQLite needs a WHERE between a SELECT and ON CONFLICT.
    rows = select(listed(dialect, {"id": Uuid()}).c.id, bindparam("received_at", type_=UtcDateTime)).where(true())
    return insert.from_select(["id", "received_at"], rows).on_conflict_do_nothing().returning(inbox.c.id)
