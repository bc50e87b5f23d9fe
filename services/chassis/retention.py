"""What is kept for how long: one list for each service, which the housekeeping goes through and an operator can ask."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Integer, Table, bindparam, delete, func, select, tuple_

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


def rows(
    name: str, keep: timedelta, table: Table, moment: ColumnElement[datetime], *conditions: ColumnElement[bool]
) -> Kept:
    """The rows of a table, counted from a moment in each; only those for which the conditions hold."""
    key = tuple(table.primary_key)
    old = (moment < bindparam("oldest", type_=UtcDateTime), *conditions)
    portion = select(*key).where(*old).order_by(moment, *key).limit(bindparam("limit", type_=Integer))
    forgetting = delete(table).where(tuple_(*key).in_(portion)).returning(*key)
    counting = select(func.count().label("number")).select_from(table).where(*old)

    async def count(unit: UnitOfWork, oldest: datetime) -> int:
        return int((await unit.execute(counting, {"oldest": oldest})).one().number)

    async def forget(unit: UnitOfWork, oldest: datetime, limit: int) -> int:
        return len(await unit.execute(forgetting, {"oldest": oldest, "limit": limit}))

    return Kept(name, keep, count, forget)


async def forget(unit: UnitOfWork, everything: Sequence[Kept], limit: int) -> datetime | None:
    """A portion of each kind; gives the present moment while there is more."""
    counts = [await kept.forget(unit, unit.now - kept.keep, limit) for kept in everything]
    return unit.now if max(counts) == limit else None


async def overdue(unit: UnitOfWork, everything: Sequence[Kept]) -> list[int]:
    """How many of each kind would go now."""
    return [await kept.count(unit, unit.now - kept.keep) for kept in everything]
