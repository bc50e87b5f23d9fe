"""Statements on a connection of Python's SQLite driver: SQLAlchemy writes them and runs none of them."""

import sqlite3
from collections import namedtuple
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from sqlalchemy import Dialect, Executable

from services.chassis.database.compiled import SHAPES, Compiled, Processor, for_sqlite
from services.chassis.database.connection import Parameters
from services.chassis.database.rows import Rows
from services.chassis.database.writes import Pending, Write, of_one

T = TypeVar("T")


class Driver(Protocol):
    """One connection of the driver, wherever it may be worked with."""

    def visit(self, work: Callable[[sqlite3.Connection], T]) -> Awaitable[T]:
        """Work with the connection."""
        ...


class _Row(tuple[Any, ...]):
    """The values of one row, by name as well; its class knows the places of the names."""

    __slots__ = ()
    places: ClassVar[Mapping[str, int]]

    def __getitem__(self, name: str) -> Any:  # type: ignore[override] # noqa: ANN401 - a row is asked by name; a column may hold anything
        return tuple.__getitem__(self, self.places[name])

    def keys(self) -> Iterable[str]:
        return self.places.keys()

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...  # noqa: ANN401 - as above


class SQLiteConnection:
    """Runs statements in one transaction."""

    dialect: Dialect = for_sqlite.dialect

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def execute(self, statement: Executable, parameters: Parameters = None) -> Rows:
        """Run a statement; with a list of parameters, once for each of them, and then it gives no rows."""
        return await self._driver.visit(running(statement, parameters))

    async def widen(self) -> None:
        """Nothing is confined here."""

    async def write(self, pending: Sequence[Pending]) -> None:
        """Write sets of rows, one after another, in one visit."""
        await self._driver.visit(writing(pending))


def running(statement: Executable, parameters: Parameters = None) -> Callable[[sqlite3.Connection], Rows]:
    """What runs a statement on a connection; with a list of parameters, once for each, and then it gives no rows."""
    if parameters is None or isinstance(parameters, Mapping):
        return _once(statement, parameters or {})
    if len(parameters) == 1:
        return _once(statement, parameters[0])
    form = for_sqlite(statement, parameters[0] if parameters else {})
    arguments = [form.arguments(each) for each in parameters]

    def work(connection: sqlite3.Connection) -> Rows:
        connection.executemany(form.sql, arguments).close()
        return Rows()

    return work


def writing(pending: Sequence[Pending]) -> Callable[[sqlite3.Connection], None]:
    """What writes sets of rows on a connection, one after another."""
    texts = [_many(write, rows) for write, rows in pending]

    def work(connection: sqlite3.Connection) -> None:
        for sql, arguments in texts:
            connection.executemany(sql, arguments).close()

    return work


def _once(statement: Executable, given: Mapping[str, Any]) -> Callable[[sqlite3.Connection], Rows]:
    form = for_sqlite(statement, given)
    sql, arguments = form.sql, form.arguments(given)

    def work(connection: sqlite3.Connection) -> Rows:
        cursor = connection.execute(sql, arguments)
        fetched = cursor.fetchall()
        return _rows(form, cursor.description, fetched) if fetched else Rows()

    return work


def _many(write: Write, rows: Sequence[Mapping[str, Any]]) -> tuple[str, list[list[Any]]]:
    form = for_sqlite(of_one(write), {})
    return form.sql, [form.arguments({f"new_{name}": row[name] for name in write.columns}) for row in rows]


def _rows(form: Compiled, description: Sequence[Sequence[Any]], fetched: list[tuple[Any, ...]]) -> Rows:
    known = form.shape.results
    results = known if len(known) == len(description) else tuple((column[0], None) for column in description)
    make, processors = _reading(results)
    if not processors:
        return Rows(map(make, fetched))
    return Rows([make(_processed(processors, values)) for values in fetched])


@lru_cache(maxsize=SHAPES)
def _reading(
    results: Sequence[tuple[str, Processor | None]],
) -> tuple[Callable[[Iterable[Any]], _Row], Sequence[tuple[int, Processor]]]:
    """How to make a row of its values, and which of them have to be read first."""
    processors = tuple((place, process) for place, (_, process) in enumerate(results) if process is not None)
    return partial(tuple.__new__, _row_class(tuple(name for name, _ in results))), processors


@lru_cache(maxsize=SHAPES)
def _row_class(names: Sequence[str]) -> type[_Row]:
    # Of all ways to reach a value by its name, that of named tuples is the quickest.
    places = {name: place for place, name in enumerate(names)}
    return type("Row", (_Row, namedtuple("Row", names, rename=True)), {"__slots__": (), "places": places})  # noqa: PYI024 - the names are known when it runs


def _processed(processors: Sequence[tuple[int, Processor]], values: Sequence[Any]) -> list[Any]:
    processed = list(values)
    for place, process in processors:
        processed[place] = process(processed[place])
    return processed
