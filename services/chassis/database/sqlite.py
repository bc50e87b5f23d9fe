"""SQLite through Python's own driver: SQLAlchemy writes the statements and runs none of them.

Each connection has a thread of its own, which is visited once for each statement; or none, where the caller wants
everything to happen in one thread, in an order that can be repeated.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

from sqlalchemy import URL, Connection, Dialect, Engine, Executable, NullPool, create_engine, event

from services.chassis.database.compiled import Compiled, Processor, for_sqlite
from services.chassis.database.connection import Parameters, SchemaConnection
from services.chassis.database.rows import Rows
from services.chassis.database.writes import Pending, one_by_one

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
LOCK_TIMEOUT_SECONDS = 5
POOL_TIMEOUT_SECONDS = 5
CLOSE_TIMEOUT_SECONDS = 5
READERS = 2

T = TypeVar("T")


class _Row:
    """The values of one row; its class knows the places of their names."""

    __slots__ = ("_values",)
    places: ClassVar[Mapping[str, int]]

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a column may hold anything
        try:
            return self._values[self.places[name]]
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - as above
        return self._values[self.places[name]]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def keys(self) -> Iterable[str]:
        return self.places.keys()


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


class SQLiteConnection:
    """Runs statements in one transaction."""

    dialect: Dialect = for_sqlite.dialect

    def __init__(self, driver: _Driver) -> None:
        self._driver = driver

    async def execute(self, statement: Executable, parameters: Parameters = None) -> Rows:
        """Run a statement; with a list of parameters, once for each of them, and then it gives no rows."""
        if parameters is None or isinstance(parameters, Mapping):
            return await self._once(statement, parameters or {})
        if len(parameters) == 1:
            return await self._once(statement, parameters[0])
        if parameters:
            form = for_sqlite(statement, parameters[0])
            arguments = [form.arguments(each) for each in parameters]
            await self._driver.visit(lambda connection: connection.executemany(form.sql, arguments).close())
        return Rows()

    async def write(self, pending: Sequence[Pending]) -> None:
        """Write sets of rows, one after another, in one visit."""
        texts = [_many(*one_by_one(write, rows)) for write, rows in pending]

        def work(connection: sqlite3.Connection) -> None:
            for sql, arguments in texts:
                connection.executemany(sql, arguments).close()

        await self._driver.visit(work)

    async def _once(self, statement: Executable, given: Mapping[str, Any]) -> Rows:
        form = for_sqlite(statement, given)
        arguments = form.arguments(given)
        return _rows(form, *await self._driver.visit(lambda connection: _fetched(connection, form.sql, arguments)))


def _many(statement: Executable, rows: Sequence[Mapping[str, Any]]) -> tuple[str, list[list[Any]]]:
    form = for_sqlite(statement, rows[0])
    return form.sql, [form.arguments(row) for row in rows]


def _fetched(connection: sqlite3.Connection, sql: str, arguments: Sequence[Any]) -> tuple[list[str], list[Any]]:
    with closing(connection.execute(sql, arguments)) as cursor:
        return [column[0] for column in cursor.description or ()], cursor.fetchall()


def _rows(form: Compiled, names: list[str], fetched: list[tuple[Any, ...]]) -> Rows:
    if not names:
        return Rows()
    results = form.shape.results
    known: Sequence[tuple[str, Processor | None]] = (
        results if len(results) == len(names) else [(name, None) for name in names]
    )
    row = _row_class(tuple(name for name, _ in known))
    processors = [process for _, process in known]
    if not any(processors):
        return Rows(map(row, fetched))
    return Rows(row(_processed(processors, values)) for values in fetched)


@lru_cache(maxsize=1000)
def _row_class(names: Sequence[str]) -> type[_Row]:
    return type("Row", (_Row,), {"__slots__": (), "places": {name: place for place, name in enumerate(names)}})


def _processed(processors: Sequence[Processor | None], values: Iterable[Any]) -> list[Any]:
    return [process(value) if process else value for process, value in zip(processors, values, strict=True)]


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
    async def transaction(self) -> AsyncIterator[SQLiteConnection]:
        """The only transaction that writes at this moment."""
        async with self._writer.begun("BEGIN IMMEDIATE") as driver:
            yield SQLiteConnection(driver)
            await driver.run("COMMIT")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SQLiteConnection]:
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
