"""Lists as one parameter, so that a statement's text, and with it its prepared plan, is the same for any length.

Building a statement costs more than PostgreSQL spends on it. So those on the way of every message are built once for
each dialect, with `listed` and `one_of`, and get their list as the value that `ids_value` makes.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, FromClause, Text, Uuid, any_, bindparam, cast, column, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

POSTGRESQL = "postgresql"


def each(connection: AsyncConnection, values: Sequence[UUID]) -> FromClause:
    """A table of one column `value` with a row for each of `values`."""
    return each_row(connection, {"value": Uuid()}, [(value,) for value in values])


def each_row(
    connection: AsyncConnection, columns: Mapping[str, TypeEngine[Any]], rows: Sequence[Sequence[object]]
) -> FromClause:
    """A table with these columns (UUIDs, integers or texts) and rows."""
    if connection.dialect.name == POSTGRESQL:
        by_column = zip(*rows, strict=True) if rows else [[] for _ in columns]
        arrays = [
            bindparam(None, list(values), type_=ARRAY(type_), unique=True)
            for values, type_ in zip(by_column, columns.values(), strict=True)
        ]
        table = func.unnest(*arrays).table_valued(*(column(name, type_) for name, type_ in columns.items()))
        return table.render_derived(name="each")
    plain = [[value.hex if isinstance(value, UUID) else value for value in row] for row in rows]
    one = func.json_each(json.dumps(plain)).table_valued("value", name="json")
    fields = [
        cast(func.json_extract(one.c.value, f"$[{index}]"), type_).label(name)
        for index, (name, type_) in enumerate(columns.items())
    ]
    return select(*fields).subquery("each")


def listed(dialect: str, parameter: str) -> FromClause:
    """A table of one column `value` with a row for each id in this parameter."""
    if dialect == POSTGRESQL:
        ids = func.unnest(bindparam(parameter, type_=ARRAY(Uuid)))
        return ids.table_valued(column("value", Uuid())).render_derived(name="listed")
    one = func.json_each(bindparam(parameter, type_=Text())).table_valued("value", name="json")
    return select(cast(one.c.value, Uuid()).label("value")).subquery("listed")


def one_of(dialect: str, key: ColumnElement[UUID], parameter: str) -> ColumnElement[bool]:
    """`key` is one of the ids in this parameter."""
    if dialect == POSTGRESQL:
        return key == any_(bindparam(parameter, type_=ARRAY(Uuid)))
    return key.in_(select(listed(dialect, parameter).c.value))


def ids_value(dialect: str, ids: Sequence[UUID]) -> object:
    """The value of a parameter of `listed` or `one_of`."""
    return list(ids) if dialect == POSTGRESQL else json.dumps([id_.hex for id_ in ids])


def among(connection: AsyncConnection, key: ColumnElement[UUID], values: Sequence[UUID]) -> ColumnElement[bool]:
    """`key` is one of `values`."""
    if connection.dialect.name == POSTGRESQL:
        return key == any_(bindparam(None, list(values), type_=ARRAY(Uuid), unique=True))
    return key.in_(select(each(connection, values).c.value))
