"""Lists as one parameter, so that a statement's text, and with it its prepared plan, is the same for any length."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, FromClause, Uuid, any_, bindparam, cast, column, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine


def each(connection: AsyncConnection, values: Sequence[UUID]) -> FromClause:
    """A table of one column `value` with a row for each of `values`."""
    return each_row(connection, {"value": Uuid()}, [(value,) for value in values])


def each_row(
    connection: AsyncConnection, columns: Mapping[str, TypeEngine[Any]], rows: Sequence[Sequence[object]]
) -> FromClause:
    """A table with these columns (UUIDs, integers or texts) and rows."""
    if connection.dialect.name == "postgresql":
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


def among(connection: AsyncConnection, key: ColumnElement[UUID], values: Sequence[UUID]) -> ColumnElement[bool]:
    """`key` is one of `values`."""
    if connection.dialect.name == "postgresql":
        return key == any_(bindparam(None, list(values), type_=ARRAY(Uuid), unique=True))
    return key.in_(select(each(connection, values).c.value))
