"""SQLite through aiosqlite, with one visit to its thread for each statement instead of four.

The asynchronous driver opens the cursor, executes, fetches and closes in separate visits, each of which costs more than
the statement itself. Ours does the four in one; the result is in memory in any case.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import Any, Self

import aiosqlite
from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


def sqlite_engine(
    url: URL, begin: str, *, pool_size: int, pool_timeout_seconds: float, lock_timeout_seconds: float
) -> AsyncEngine:
    """An engine whose transactions begin with the statement `begin`; durable at every commit."""
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout_seconds,
        hide_parameters=True,
        connect_args={"timeout": lock_timeout_seconds, "async_creator_fn": _connect},
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
