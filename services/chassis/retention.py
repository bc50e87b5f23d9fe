"""What is kept for how long: one list for each service, which the housekeeping goes through and an operator can ask."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import Column, ColumnElement, Executable, Integer, Table, bindparam, delete, func, select, tuple_

from services.chassis.database import UtcDateTime
from services.chassis.unit_of_work import UnitOfWork

Count = Callable[[UnitOfWork, datetime], Awaitable[int]]
"""How many are older than a moment."""
Forget = Callable[[UnitOfWork, datetime, int], Awaitable[int]]
"""Forgets at most so many of them, and says how many."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of thing that is not kept for ever."""

    name: str
    keep: timedelta
    count: Count
    forget: Forget


Condition = Callable[[Table], ColumnElement[bool]]


def rows(
    name: str, keep: timedelta, table: Table, moment: Column[datetime], condition: Condition | None = None
) -> Kept:
    """The rows of a table, counted from a moment in each; only those for which the condition holds."""
    counting, forgetting = _statements(table, moment, condition)

    async def count(unit: UnitOfWork, oldest: datetime) -> int:
        return int((await unit.execute(counting, {"oldest": oldest})).one().number)

    async def forget(unit: UnitOfWork, oldest: datetime, limit: int) -> int:
        return len(await unit.execute(forgetting, {"oldest": oldest, "limit": limit}))

    return Kept(name, keep, count, forget)


@lru_cache(maxsize=64)
def _statements(table: Table, moment: Column[datetime], condition: Condition | None) -> tuple[Executable, Executable]:
    key = tuple(table.primary_key)
    old = [moment < bindparam("oldest", type_=UtcDateTime), *([] if condition is None else [condition(table)])]
    portion = select(*key).where(*old).order_by(moment, *key).limit(bindparam("limit", type_=Integer))
    counting = select(func.count().label("number")).select_from(table).where(*old)
    return counting, delete(table).where(tuple_(*key).in_(portion)).returning(*key)


async def forget(unit: UnitOfWork, everything: Sequence[Kept], limit: int) -> datetime | None:
    """A portion of each kind; gives the present moment while there is more."""
    counts = [await kept.forget(unit, unit.now - kept.keep, limit) for kept in everything]
    return unit.now if max(counts) == limit else None


async def overdue(unit: UnitOfWork, everything: Sequence[Kept]) -> list[int]:
    """How many of each kind would go now."""
    return [await kept.count(unit, unit.now - kept.keep) for kept in everything]
