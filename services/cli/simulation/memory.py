"""A database in memory that outlives the runs: what one of them did is undone, and the next finds it as it was."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, closing, contextmanager
from pathlib import Path

from sqlalchemy import Dialect, Executable

from services.chassis.database.compiled import for_sqlite
from services.chassis.database.connection import Parameters, SchemaConnection
from services.chassis.database.rows import Rows
from services.chassis.database.sqlite_connection import running, writing
from services.chassis.database.writes import Pending

KEPT_STATEMENTS = 2000
"""All that the services ever say: to prepare a statement takes longer than to run it."""


class Inline:
    """Runs statements in the thread of who asks, at once."""

    dialect: Dialect = for_sqlite.dialect

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    async def execute(self, statement: Executable, parameters: Parameters = None) -> Rows:
        """Run a statement."""
        return running(statement, parameters)(self.connection)

    async def write(self, pending: Sequence[Pending]) -> None:
        """Write sets of rows."""
        writing(pending)(self.connection)

    async def widen(self) -> None:
        """Nothing is confined here."""


class _Session:
    """The connection while nobody else has it; what was written meanwhile is undone by any error."""

    __slots__ = ("_connection", "_turn", "_writes")

    def __init__(self, connection: sqlite3.Connection, turn: asyncio.Lock, *, writes: bool) -> None:
        self._connection = connection
        self._turn = turn
        self._writes = writes

    async def __aenter__(self) -> Inline:
        await self._turn.acquire()
        if self._writes:
            self._connection.execute("SAVEPOINT inside")
        return Inline(self._connection)

    async def __aexit__(self, kind: object, error: BaseException | None, _trace: object) -> None:
        try:
            if self._writes:
                if error is not None:
                    self._connection.execute("ROLLBACK TO inside")
                self._connection.execute("RELEASE inside")
        finally:
            self._turn.release()


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

    def transaction(self, confined_to: str | None = None) -> "_Session":  # noqa: ARG002 - SQLite confines nothing
        """The only transaction at this moment."""
        return _Session(self._connection, self._inside, writes=True)

    def reading(self, confined_to: str | None = None) -> "_Session":  # noqa: ARG002 - SQLite confines nothing
        """One view of what is committed."""
        return _Session(self._connection, self._inside, writes=False)

    def changing_schema(self) -> AbstractAsyncContextManager[SchemaConnection]:
        """The port asks for it, and nobody does: it is a copy of a migrated file. Raises NotImplementedError."""
        raise NotImplementedError

    async def close(self) -> None:
        """The next run goes on with it."""
