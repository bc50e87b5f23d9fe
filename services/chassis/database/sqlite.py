"""SQLite through aiosqlite, with one visit to its thread for each statement instead of four.

The asynchronous driver opens the cursor, executes, fetches and closes in separate visits, each of which costs more than
the statement itself. Ours does the four in one; the result is in memory in any case.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, suppress
from typing import Any, Self, cast

import aiosqlite
from sqlalchemy import URL, Dialect, Executable, RowMapping, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from services.chassis.database.connection import Parameters
from services.chassis.database.rows import Row, Rows
from services.chassis.database.writes import Pending, one_by_one

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
LOCK_TIMEOUT_SECONDS = 5
POOL_TIMEOUT_SECONDS = 5
CLOSE_TIMEOUT_SECONDS = 5
READERS = 2


class _Row:
    __slots__ = ("_values",)

    def __init__(self, values: RowMapping) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a column may hold anything
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - as above
        return self._values[name]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values.values())

    def keys(self) -> Iterable[str]:
        return self._values.keys()


class SQLiteConnection:
    """Runs statements on one connection."""

    def __init__(self, engine_connection: AsyncConnection) -> None:
        self._connection = engine_connection

    @property
    def dialect(self) -> Dialect:
        """SQLite's."""
        return self._connection.dialect

    async def execute(self, statement: Executable, parameters: Parameters = None) -> Rows:
        """Run a statement; with a list of parameters, once for each of them."""
        result = await self._connection.execute(statement, parameters)
        return Rows(cast("Row", _Row(row)) for row in result.mappings()) if result.returns_rows else Rows()

    async def write(self, pending: Sequence[Pending]) -> None:
        """Write sets of rows, one after another: here a round trip costs nothing."""
        for write, rows in pending:
            await self._connection.execute(*one_by_one(write, rows))


class SQLite:
    """One connection writes, so `BEGIN IMMEDIATE` never meets another writer of this process, and a few read."""

    shared = False
    """Whether several processes may use this database."""

    def __init__(self, url: URL) -> None:
        self._writer = _engine(url, "BEGIN IMMEDIATE", 1)
        self._reader = _engine(url, "BEGIN", READERS)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SQLiteConnection]:
        """The only transaction that writes at this moment."""
        async with self._writer.begin() as connection:
            yield SQLiteConnection(connection)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SQLiteConnection]:
        """One view of what is committed."""
        async with self._reader.connect() as connection:
            yield SQLiteConnection(connection)

    @asynccontextmanager
    async def changing_schema(self) -> AsyncIterator[AsyncConnection]:
        """SQLAlchemy's own connection, in a transaction, for migrations."""
        async with self._writer.begin() as connection:
            yield connection

    async def close(self) -> None:
        """Close every connection."""
        for engine in (self._writer, self._reader):
            with suppress(TimeoutError):
                await asyncio.wait_for(engine.dispose(), CLOSE_TIMEOUT_SECONDS)


def _engine(url: URL, begin: str, pool_size: int) -> AsyncEngine:
    """An engine whose transactions begin with the statement `begin`; durable at every commit."""
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        hide_parameters=True,
        connect_args={"timeout": LOCK_TIMEOUT_SECONDS, "async_creator_fn": _connect},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _configure(dbapi_connection: Any, _record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's event signature
        # Python's driver would begin transactions on its own, too late and deferred.
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's event signature
        connection.exec_driver_sql(begin)

    return engine


class _Cursor:
    """A cursor whose rows are fetched with the statement that gives them."""

    def __init__(self, connection: "_Connection") -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Self:
        await self._connection.visit(lambda driver: self._keep(driver.execute(sql, parameters)))
        return self

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> Self:
        await self._connection.visit(lambda driver: self._keep(driver.executemany(sql, parameters)))
        return self

    async def fetchall(self) -> list[Any]:
        return self._rows

    async def close(self) -> None:
        self._rows = []

    def _keep(self, cursor: sqlite3.Cursor) -> None:
        with closing(cursor):
            self._rows = cursor.fetchall() if cursor.description else []
            self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid


class _Connection(aiosqlite.Connection):
    async def visit(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Work with the driver's connection, in its thread."""
        await self._execute(lambda: work(self._conn))  # type: ignore[no-untyped-call] # the driver leaves it so

    def cursor(self) -> Any:  # noqa: ANN401 - the driver gives an awaitable here
        return _Cursor(self)


def _connect(database: str, **options: Any) -> aiosqlite.Connection:  # noqa: ANN401 - sqlite3's own options
    connection = _Connection(lambda: sqlite3.connect(database, **options), 64)
    # Like SQLAlchemy does: an open connection must not keep the process alive.
    connection._thread.daemon = True  # noqa: SLF001 - there is no other way
    return connection
