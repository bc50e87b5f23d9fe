"""SQLite through Python's own driver.

Each connection has a thread of its own, which is visited once for each statement; or none, where the caller wants
everything to happen in one thread, in an order that can be repeated.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, Executable, NullPool, create_engine, event

from services.chassis.database.connection import Parameters, SchemaConnection
from services.chassis.database.sqlite_connection import SQLiteConnection

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
LOCK_TIMEOUT_SECONDS = 5
POOL_TIMEOUT_SECONDS = 5
CLOSE_TIMEOUT_SECONDS = 5
READERS = 2

T = TypeVar("T")


class _Worker:
    """A thread that does one thing after another; or, without one, whoever asks does it."""

    def __init__(self, *, threaded: bool) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite") if threaded else None

    async def do(self, work: Callable[[], T]) -> T:
        """Do this after all that was asked for before. Who is cancelled while waiting does not end it."""
        if self._thread is None:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def end(self, last: Callable[[], None]) -> None:
        """Do this last, without waiting for it."""
        if self._thread is None:
            last()
        else:
            self._thread.submit(last)
            self._thread.shutdown(wait=False)


class _Driver:
    """One connection of Python's driver, opened by its first use, and whoever works with it."""

    def __init__(self, settings: "_Settings") -> None:
        self._settings = settings
        self._worker = _Worker(threaded=settings.threaded)
        self._connection: sqlite3.Connection | None = None

    async def visit(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Work with the connection."""
        return await self._worker.do(lambda: work(self._opened()))

    async def run(self, sql: str) -> None:
        """Run a statement that takes and gives nothing."""
        await self.visit(lambda connection: connection.execute(sql).close())

    async def close(self) -> None:
        """Close it, and wait for that."""
        await self._worker.do(self._close)
        self.abandon()

    def abandon(self) -> None:
        """Close it as soon as it is done with what it does."""
        self._worker.end(self._close)

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _open(self._settings)
        return self._connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


@dataclass(frozen=True, slots=True)
class _Settings:
    path: str
    pragmas: Sequence[str]
    threaded: bool


def _open(settings: _Settings) -> sqlite3.Connection:
    # Without an isolation level the driver begins no transaction of its own.
    connection = sqlite3.connect(
        settings.path, timeout=LOCK_TIMEOUT_SECONDS, isolation_level=None, cached_statements=1000
    )
    for pragma in settings.pragmas:
        connection.execute(f"PRAGMA {pragma}").close()
    return connection


class _Pool:
    """So many connections and no more."""

    def __init__(self, settings: _Settings, size: int) -> None:
        self._settings = settings
        self._free = asyncio.Semaphore(size)
        self._idle: list[_Driver] = []

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for as long as one may, until one of the connections is free."""
        if self._free.locked():
            async with asyncio.timeout(POOL_TIMEOUT_SECONDS):
                await self._free.acquire()
        else:
            await self._free.acquire()
        try:
            yield
        finally:
            self._free.release()

    @asynccontextmanager
    async def begun(self, begin: str) -> AsyncIterator[_Driver]:
        """A connection in a transaction, which is rolled back unless it is ended within."""
        async with self.turn():
            driver = self._idle.pop() if self._idle else _Driver(self._settings)
            try:
                await driver.run(begin)
                yield driver
                await driver.visit(_leave)
            except BaseException as error:
                if isinstance(error, Exception) and _says_nothing_of_the_connection(error):
                    await self._roll_back(driver)
                else:
                    # In what state it is, nobody knows: to close it rolls back what it had begun.
                    driver.abandon()
                raise
            self._idle.append(driver)

    async def _roll_back(self, driver: _Driver) -> None:
        try:
            await driver.visit(_leave)
        except BaseException:
            driver.abandon()
            raise
        self._idle.append(driver)

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().close()


def _says_nothing_of_the_connection(error: Exception) -> bool:
    """Whether a rule refused, or a key, or a handler failed; and not the database itself."""
    return isinstance(error, sqlite3.IntegrityError) or not isinstance(error, sqlite3.Error | OSError)


def _leave(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.rollback()


class _Schema:
    """SQLAlchemy's own connection, for migrations."""

    def __init__(self, worker: _Worker, connection: Connection) -> None:
        self._worker = worker
        self._connection = connection

    async def run_sync(self, work: Callable[..., T], /, *arguments: Any, **named: Any) -> T:  # noqa: ANN401 - as in SQLAlchemy's
        return await self._worker.do(lambda: work(self._connection, *arguments, **named))

    async def execute(self, statement: Executable, parameters: Parameters = None) -> object:
        return await self._worker.do(lambda: self._connection.execute(statement, parameters))


class SQLite:
    """One connection writes, so `BEGIN IMMEDIATE` never meets another writer of this process, and a few read."""

    shared = False
    """Whether several processes may use this database."""

    def __init__(self, url: URL, *, threaded: bool = True, pragmas: Sequence[str] = PRAGMAS) -> None:
        self._settings = _Settings(url.database or "", pragmas, threaded)
        self._writer = _Pool(self._settings, 1)
        self._reader = _Pool(self._settings, READERS)

    @asynccontextmanager
    async def transaction(self, confined_to: str | None = None) -> AsyncIterator[SQLiteConnection]:  # noqa: ARG002 - SQLite confines nothing
        """The only transaction that writes at this moment. There is no row-level security here: nothing is confined."""
        async with self._writer.begun("BEGIN IMMEDIATE") as driver:
            yield SQLiteConnection(driver)
            await driver.run("COMMIT")

    @asynccontextmanager
    async def reading(self, confined_to: str | None = None) -> AsyncIterator[SQLiteConnection]:  # noqa: ARG002 - SQLite confines nothing
        """One view of what is committed."""
        async with self._reader.begun("BEGIN") as driver:
            yield SQLiteConnection(driver)

    @asynccontextmanager
    async def changing_schema(self) -> AsyncIterator[SchemaConnection]:
        """SQLAlchemy's own connection, in a transaction, for migrations."""
        async with self._writer.turn():
            worker = _Worker(threaded=self._settings.threaded)
            connection = await worker.do(lambda: _schema_engine(self._settings).connect())
            try:
                yield _Schema(worker, connection)
                await worker.do(connection.commit)
                # The last to close a database moves everything into its file: whoever copies that next needs it all.
                await worker.do(connection.close)
            finally:
                worker.end(connection.close)

    async def close(self) -> None:
        """Close every connection that is not in use."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
                await self._writer.close()
                await self._reader.close()


def _schema_engine(settings: _Settings) -> Engine:
    engine = create_engine("sqlite://", creator=lambda: _open(settings), poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
