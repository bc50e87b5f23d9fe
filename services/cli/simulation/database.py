"""One service's database: SQLite without threads, shared by its replicas, with accidents at each transaction."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType

import asyncpg
from sqlalchemy import Executable, make_url

from services.chassis.database import Database
from services.chassis.database.connection import Connection, Parameters, SchemaConnection
from services.chassis.database.rows import Rows
from services.chassis.database.sqlite import SQLite
from services.chassis.database.sqlite_connection import running, writing
from services.chassis.database.writes import Pending
from services.cli.simulation.faults import Faults, Killed
from services.cli.simulation.memory import Inline, KeptInMemory

PRAGMAS = ("journal_mode=WAL", "synchronous=OFF", "foreign_keys=ON")


def connect_inline(url: str, _pool_size: int = 1, _owner_url: str | None = None) -> Database:
    """A database that does everything in the thread of who asks, and does not wait for the disk."""
    return Database(SQLite(make_url(url), threaded=False, pragmas=PRAGMAS))


class Guarded(Inline):
    """A connection that ends with its process."""

    def __init__(self, connection: Inline, alive: Callable[[], bool]) -> None:
        super().__init__(connection.connection)
        self._alive = alive
        self.wrote = False
        """Whether anything may be different from before."""

    async def execute(self, statement: Executable, parameters: Parameters = None) -> Rows:
        """Run a statement, unless the process is no more."""
        self._check()
        if not statement.is_select:
            self.wrote = True
        return running(statement, parameters)(self.connection)

    async def write(self, pending: Sequence[Pending]) -> None:
        """Write rows, unless the process is no more."""
        self._check()
        self.wrote = True
        writing(pending)(self.connection)

    async def widen(self) -> None:
        """Nothing is confined here."""

    def _check(self) -> None:
        if not self._alive():
            raise Killed


class _Reading:
    """One view, seen by a process that may end meanwhile."""

    __slots__ = ("_seen_by", "_view")

    def __init__(self, seen_by: "UnreliableSessions", view: AbstractAsyncContextManager[Inline]) -> None:
        self._seen_by = seen_by
        self._view = view

    async def __aenter__(self) -> Guarded:
        seen_by = self._seen_by
        await seen_by.reach()
        return Guarded(await self._view.__aenter__(), lambda: seen_by.alive)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._view.__aexit__(kind, error, trace)


class UnreliableSessions:
    """What one process sees of a database: it may be away, be lost before or after COMMIT, or refuse a collision."""

    shared = False

    def __init__(
        self,
        sessions: KeptInMemory,
        faults: Faults,
        name: str,
        point: Callable[[str], None],
        committed: Callable[[], None],
    ) -> None:
        self._sessions = sessions
        self._committed = committed
        self._faults = faults
        self._name = name
        self._point = point
        self.alive = True

    @asynccontextmanager
    async def transaction(self, confined_to: str | None = None) -> AsyncIterator[Connection]:
        """A transaction that may come to nothing, or be stored without anyone hearing of it."""
        await self.reach()
        async with self._sessions.transaction(confined_to) as connection:
            guarded = Guarded(connection, lambda: self.alive)
            yield guarded
            self._point("before-commit")
            if self._faults.strike("lost-before-commit", self._name):
                raise ConnectionResetError
            if self._faults.strike("serialization", self._name):
                raise asyncpg.SerializationError
            if not self.alive:
                raise Killed
        if guarded.wrote:
            self._committed()
        self._point("after-commit")
        if self._faults.strike("lost-after-commit", self._name):
            raise ConnectionResetError

    def reading(self, confined_to: str | None = None) -> "_Reading":
        """One view of what is committed."""
        return _Reading(self, self._sessions.reading(confined_to))

    def changing_schema(self) -> AbstractAsyncContextManager[SchemaConnection]:
        """As of the database below: a run begins with databases that are migrated."""
        return self._sessions.changing_schema()

    async def close(self) -> None:
        """The others go on."""

    async def reach(self) -> None:
        """Get through to it, some time later. Raises Killed when the process is no more, ConnectionRefusedError."""
        if not self.alive:
            raise Killed
        await asyncio.sleep(self._faults.seconds(0.02))
        if self._faults.strike("database-away", self._name):
            raise ConnectionRefusedError
        if not self.alive:
            raise Killed
