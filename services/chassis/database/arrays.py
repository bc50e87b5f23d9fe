"""Lists as parameters, so that a statement's text, and with it its prepared plan, is the same for any length.

Building a statement costs more than PostgreSQL spends on it. So those on the way of every message are built once for
each dialect, with `listed` and `one_of`, and get their lists as `list_parameters` and `ids_value`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Dialect,
    FromClause,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.types import TypeEngine

POSTGRESQL = "postgresql"


class Speaker(Protocol):
    """A connection, as far as it matters here: which SQL it speaks."""

    @property
    def dialect(self) -> Dialect:
        """Its dialect."""
        ...


def listed(dialect: str, columns: Mapping[str, TypeEngine[Any]]) -> FromClause:
    """A table with these columns (UUIDs, integers or texts), whose rows are the `list_parameters`."""
    if dialect == POSTGRESQL:
        arrays = [bindparam(f"listed_{name}", type_=ARRAY(type_)) for name, type_ in columns.items()]
        table = func.unnest(*arrays).table_valued(*(column(name, type_) for name, type_ in columns.items()))
        return table.render_derived(name="listed")
    one = func.json_each(bindparam("listed", type_=Text())).table_valued("value", name="json")
    fields = [
        cast(func.json_extract(one.c.value, f"$[{index}]"), type_).label(name)
        for index, (name, type_) in enumerate(columns.items())
    ]
    return select(*fields).subquery("listed")


def list_parameters(dialect: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> dict[str, object]:
    """The rows of the table that `listed` makes of these columns."""
    if dialect == POSTGRESQL:
        by_column = zip(*rows, strict=True) if rows else [()] * len(columns)
        return {f"listed_{name}": list(values) for name, values in zip(columns, by_column, strict=True)}
    return {"listed": json.dumps([[_plain(value) for value in row] for row in rows])}


def one_of(dialect: str, key: ColumnElement[UUID], parameter: str) -> ColumnElement[bool]:
    """`key` is one of the ids in this parameter, whose value `ids_value` makes."""
    if dialect == POSTGRESQL:
        return key == any_(bindparam(parameter, type_=ARRAY(Uuid)))
    one = func.json_each(bindparam(parameter, type_=Text())).table_valued("value", name="json")
    return key.in_(select(cast(one.c.value, Uuid())))


def ids_value(dialect: str, ids: Sequence[UUID]) -> object:
    """The value of a parameter of `one_of`."""
    return list(ids) if dialect == POSTGRESQL else json.dumps([_plain(id_) for id_ in ids])


def among(connection: Speaker, key: ColumnElement[UUID], ids: Sequence[UUID]) -> ColumnElement[bool]:
    """`key` is one of `ids`, in a statement that is built for this once."""
    dialect = connection.dialect.name
    if dialect == POSTGRESQL:
        return key == any_(bindparam(None, list(ids), type_=ARRAY(Uuid), unique=True))
    given = bindparam(None, ids_value(dialect, ids), type_=Text(), unique=True)
    one = func.json_each(given).table_valued("value", name="json")
    return key.in_(select(cast(one.c.value, Uuid())))


def _plain(value: object) -> object:
    return value.hex if isinstance(value, UUID) else value
