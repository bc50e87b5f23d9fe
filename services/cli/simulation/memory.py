"""A database in memory that outlives the runs: what one of them did is undone, and the next finds it as it was."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import TypeVar

from services.chassis.database.connection import SchemaConnection
from services.chassis.database.sqlite_connection import SQLiteConnection

T = TypeVar("T")

KEPT_STATEMENTS = 2000
"""All that the services ever say: to prepare a statement takes longer than to run it."""


class KeptInMemory:
    """A copy of a migrated SQLite database, with one connection and without threads.

    All of a run is one transaction of SQLite, so nothing but to roll it back is needed before the next; what is a
    transaction to the services is a savepoint in it.
    """

    shared = False

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None, cached_statements=KEPT_STATEMENTS)
        with closing(sqlite3.connect(file)) as original:
            original.backup(self._connection)
        self._connection.execute("PRAGMA foreign_keys=ON")
        self._inside = asyncio.Lock()

    @contextmanager
    def undone_afterwards(self) -> Iterator[None]:
        """One run."""
        self._inside = asyncio.Lock()
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.rollback()

    async def visit(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Work with the connection."""
        return work(self._connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SQLiteConnection]:
        """The only transaction at this moment."""
        async with self._inside:
            self._connection.execute("SAVEPOINT inside")
            try:
                yield SQLiteConnection(self)
            except BaseException:
                self._connection.execute("ROLLBACK TO inside")
                raise
            finally:
                self._connection.execute("RELEASE inside")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SQLiteConnection]:
        """One view of what is committed."""
        async with self._inside:
            yield SQLiteConnection(self)

    def changing_schema(self) -> AbstractAsyncContextManager[SchemaConnection]:
        """Never asked for: it was migrated before. Raises NotImplementedError."""
        raise NotImplementedError

    async def close(self) -> None:
        """The next run goes on with it."""
