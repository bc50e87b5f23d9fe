"""Writes as sets of rows: what a transaction only writes waits until it reads again, and then goes in one round trip.

A round trip costs more than the work that PostgreSQL does for it. So the writes of a transaction are gathered, each for
a table of its own, and PostgreSQL gets them as one statement with a part for each
(https://www.postgresql.org/docs/15/queries-with.html#QUERIES-WITH-MODIFYING).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from sqlalchemy import Executable, Table, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from services.chassis.database.arrays import POSTGRESQL, list_parameters, listed
from services.chassis.database.compiled import for_postgresql

_NUMBERED = re.compile(r"\$(\d+)")


@dataclass(frozen=True, slots=True, eq=False)
class Insertion:
    """New rows of a table. Each gives every column, or the columns named here."""

    table: Table
    names: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """What each row gives, in order."""
        return self.names or tuple(self.table.c.keys())

    def of_one(self) -> Executable:
        """The statement for one row, with a parameter `new_…` for each column."""
        return insert(self.table).values({name: bindparam(f"new_{name}") for name in self.columns})

    def of_many(self) -> Executable:
        """The statement for any number of rows, given as arrays."""
        rows = listed(POSTGRESQL, {name: self.table.c[name].type for name in self.columns})
        return insert(self.table).from_select(list(self.columns), select(*rows.c))


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """New values for rows that are found by their `id`."""

    table: Table
    names: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """What each row gives, in order."""
        return ("id", *self.names)

    def of_one(self) -> Executable:
        """The statement for one row, with a parameter `new_…` for each column."""
        changed = update(self.table).where(self.table.c.id == bindparam("new_id"))
        return changed.values({name: bindparam(f"new_{name}") for name in self.names})

    def of_many(self) -> Executable:
        """The statement for any number of rows, given as arrays."""
        rows = listed(POSTGRESQL, {name: self.table.c[name].type for name in self.columns})
        changed = update(self.table).where(self.table.c.id == rows.c.id)
        return changed.values({name: rows.c[name] for name in self.names})


@dataclass(frozen=True, slots=True, eq=False)
class Upsert:
    """Rows that are new, or take the place of those with the same `id`; those keep what is named here."""

    table: Table
    keeps: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """What each row gives, in order."""
        return tuple(self.table.c.keys())

    def of_one(self) -> Executable:
        """The statement for one row, with a parameter `new_…` for each column."""
        return self._over(sqlite.insert(self.table).values({name: bindparam(f"new_{name}") for name in self.columns}))

    def of_many(self) -> Executable:
        """The statement for any number of rows of different ids, given as arrays."""
        rows = listed(POSTGRESQL, {name: self.table.c[name].type for name in self.columns})
        return self._over(postgresql.insert(self.table).from_select(list(self.columns), select(*rows.c)))

    def _over(self, new: postgresql.Insert | sqlite.Insert) -> Executable:
        changed = {name: new.excluded[name] for name in self.columns if name not in {"id", *self.keeps}}
        return new.on_conflict_do_update(index_elements=[self.table.c.id], set_=changed)


@dataclass(frozen=True, slots=True, eq=False)
class Removal:
    """Rows that are to go, found by their `id`."""

    table: Table

    columns: ClassVar[tuple[str, ...]] = ("id",)
    """What each row gives."""

    def of_one(self) -> Executable:
        """The statement for one row, with the parameter `new_id`."""
        return delete(self.table).where(self.table.c.id == bindparam("new_id"))

    def of_many(self) -> Executable:
        """The statement for any number of rows, given as an array."""
        rows = listed(POSTGRESQL, {"id": self.table.c.id.type})
        return delete(self.table).where(self.table.c.id.in_(select(rows.c.id)))


Write = Insertion | Change | Upsert | Removal
Pending = tuple[Write, Sequence[Mapping[str, Any]]]


@lru_cache(maxsize=256)
def of_one(write: Write) -> Executable:
    """The statement that writes one row, built once."""
    return write.of_one()


@lru_cache(maxsize=256)
def _together(writes: tuple[Write, ...]) -> str:
    """One statement that does all of these."""
    parts, offset = [], 0
    for write in writes:
        sql = for_postgresql(_of_many(write), {}).sql
        parts.append(_NUMBERED.sub(lambda found, offset=offset: f"${int(found[1]) + offset}", sql))  # type: ignore[misc] # mypy cannot infer a lambda with a default
        offset += len(write.columns)
    *first, last = parts
    named = ", ".join(f"w{number} AS ({part})" for number, part in enumerate(first))
    return f"WITH {named} {last}" if named else last


@lru_cache(maxsize=256)
def _of_many(write: Write) -> Executable:
    return write.of_many()


def statement_of(pending: Sequence[Pending]) -> tuple[str, list[Any]]:
    """The text and the arguments of one statement that writes all of this. No table may be there twice."""
    arguments: list[Any] = []
    for write, rows in pending:
        values = [[row[name] for name in write.columns] for row in rows]
        arguments += for_postgresql(_of_many(write), {}).arguments(list_parameters(POSTGRESQL, write.columns, values))
    return _together(tuple(write for write, _ in pending)), arguments
