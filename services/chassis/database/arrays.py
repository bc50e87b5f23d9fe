"""Lists as parameters, so that a statement's text, and with it its prepared plan, is the same for any length.

Building a statement costs more than a database spends on it. So statements are built once: with `one_of`, which gets
its ids as they are, or for each dialect, with `listed`, which gets its rows as `list_parameters`.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Dialect,
    FromClause,
    Text,
    Uuid,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

from services.chassis.database.types import UtcDateTime, utc_text

POSTGRESQL = "postgresql"


def listed(dialect: str, columns: Mapping[str, TypeEngine[Any]]) -> FromClause:
    """A table with these columns (UUIDs, integers, texts or moments), whose rows are the `list_parameters`."""
    if dialect == POSTGRESQL:
        arrays = [bindparam(f"listed_{name}", type_=ARRAY(type_)) for name, type_ in columns.items()]
        table = func.unnest(*arrays).table_valued(*(column(name, type_) for name, type_ in columns.items()))
        return table.render_derived(name="listed")
    one = func.json_each(bindparam("listed", type_=Text())).table_valued("value", name="json")
    fields = [
        cast(func.json_extract(one.c.value, f"$[{index}]"), _as_text(type_)).label(name)
        for index, (name, type_) in enumerate(columns.items())
    ]
    return select(*fields).subquery("listed")


def _as_text(type_: TypeEngine[Any]) -> TypeEngine[Any]:
    """SQLite has no type for a moment, and would make a number of it."""
    return Text() if isinstance(type_, UtcDateTime) else type_


def list_parameters(dialect: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> dict[str, object]:
    """The rows of the table that `listed` makes of these columns."""
    if dialect == POSTGRESQL:
        by_column = zip(*rows, strict=True) if rows else [()] * len(columns)
        return {f"listed_{name}": list(values) for name, values in zip(columns, by_column, strict=True)}
    return {"listed": json.dumps([[_plain(value) for value in row] for row in rows])}


def one_of(key: ColumnElement[UUID], parameter: str) -> ColumnElement[bool]:
    """`key` is one of the ids in this parameter."""
    return _OneOf(key, bindparam(parameter, type_=_Ids()))


class _Ids(TypeDecorator[Collection[UUID]]):
    """Ids, as one parameter."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """An array, or a text that lists them."""
        return dialect.type_descriptor(ARRAY(Uuid()) if dialect.name == POSTGRESQL else Text())

    def process_bind_param(self, value: Collection[UUID] | None, dialect: Dialect) -> object:
        """Nobody gives None; SQLAlchemy's signature has it."""
        ids = value or ()
        return list(ids) if dialect.name == POSTGRESQL else json.dumps([_plain(id_) for id_ in ids])


class _OneOf(FunctionElement[bool]):
    """Each database has its own way to say it."""

    name = "one_of"
    # Of a Boolean, SQLAlchemy would ask SQLite whether it is 1, and then no index is good for it.
    type = NullType()  # type: ignore[assignment] # it is a condition nevertheless
    inherit_cache = True


@compiles(_OneOf, POSTGRESQL)
def _in_array(element: _OneOf, compiler: SQLCompiler, **given: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    key, ids = (compiler.process(part, **given) for part in element.clauses)
    return f"{key} = ANY ({ids})"


@compiles(_OneOf, "sqlite")
def _in_text(element: _OneOf, compiler: SQLCompiler, **given: Any) -> str:  # noqa: ANN401 - as above
    key, ids = (compiler.process(part, **given) for part in element.clauses)
    return f"{key} IN (SELECT CAST(value AS CHAR(32)) FROM json_each({ids}))"  # noqa: S608 - SQL of the compiler's, and no value


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return utc_text(value)
    return value.hex if isinstance(value, UUID) else value
