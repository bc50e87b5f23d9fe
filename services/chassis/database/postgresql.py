"""PostgreSQL through asyncpg's own pool: SQLAlchemy writes the statements and runs none of them."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias

import asyncpg
from sqlalchemy import URL, Dialect, Executable, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from services.chassis.database.compiled import for_postgresql
from services.chassis.database.connection import Parameters
from services.chassis.database.errors import TransactionBroken
from services.chassis.database.row_security import begin, widen
from services.chassis.database.rows import Rows
from services.chassis.database.writes import Pending, statement_of

STATEMENT_TIMEOUT_SECONDS = 10
COMMAND_TIMEOUT_SECONDS = 12
"""Later than the server's own limit: what it did not end by then is not slow, but out of reach."""
LOCK_TIMEOUT_SECONDS = 5
CONNECT_TIMEOUT_SECONDS = 5
POOL_TIMEOUT_SECONDS = 5
PREPARED_STATEMENTS = 500
KNOWN_PARAMETERS = frozenset({"ssl", "target_session_attrs"})

NOTIFY = text("SELECT pg_notify(:channel, :payload)")

_SETTINGS = {
    "statement_timeout": f"{STATEMENT_TIMEOUT_SECONDS}s",
    "lock_timeout": f"{LOCK_TIMEOUT_SECONDS}s",
    "idle_in_transaction_session_timeout": "30s",
    # Short indexed statements only: compiling them costs more than it saves.
    "jit": "off",
    # Every statement has an index of its own, whatever its parameters: to plan anew costs more than to run.
    "plan_cache_mode": "force_generic_plan",
    "timezone": "UTC",
}

CONFINED_MARK = " -- confined"
"""Keeps the statements of the two roles apart: PostgreSQL plans one anew each time that it meets it in another role."""

_OUT_OF_REACH = (asyncio.CancelledError, GeneratorExit, TimeoutError, OSError)
"""After these nobody knows what a session is still doing, and to ask it may take for ever: its line is cut."""

DriverConnection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"


class _Row(asyncpg.Record):
    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a column may hold anything
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class PostgreSQLConnection:
    """Runs statements in one session."""

    dialect: Dialect = for_postgresql.dialect

    def __init__(self, driver: DriverConnection, confined_to: str | None = None) -> None:
        self._driver = driver
        self._mark = "" if confined_to is None else CONFINED_MARK
        self.broken = False
        """Whether a statement failed: PostgreSQL would then take COMMIT for ROLLBACK, and not say so."""

    async def execute(self, statement: Executable, parameters: Parameters = None) -> Rows:
        """Run a statement; with a list of parameters, once for each of them, and then it gives no rows."""
        if parameters is None or isinstance(parameters, Mapping):
            return await self._once(statement, parameters or {})
        if len(parameters) == 1:
            return await self._once(statement, parameters[0])
        if parameters:
            form = for_postgresql(statement, parameters[0])
            with self._watched():
                await self._driver.executemany(form.sql + self._mark, [form.arguments(each) for each in parameters])
        return Rows()

    async def write(self, pending: Sequence[Pending]) -> None:
        """Write sets of rows in one round trip."""
        sql, arguments = statement_of(pending)
        with self._watched():
            await self._driver.execute(sql + self._mark, *arguments)

    async def widen(self) -> None:
        """From now on, and until the transaction ends, see and change what is everyone's."""
        if self._mark:
            with self._watched():
                await self._driver.execute(widen())
            self._mark = ""

    def check(self) -> None:
        """Raises TransactionBroken when a statement failed."""
        if self.broken:
            raise TransactionBroken("A statement failed, and its error was not passed on: nothing is stored.")

    async def _once(self, statement: Executable, given: Mapping[str, Any]) -> Rows:
        form = for_postgresql(statement, given)
        with self._watched():
            return Rows(await self._driver.fetch(form.sql + self._mark, *form.arguments(given), record_class=_Row))

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.broken = True
            raise


class PostgreSQL:
    """A bounded pool of sessions, opened by the first use."""

    shared = True
    """Whether several processes may use this database."""

    def __init__(self, url: URL, pool_size: int, owner_url: URL | None = None) -> None:
        self.url = url
        self._owner_url = owner_url or url
        self._address = _address(url)
        self._pool_size = pool_size
        self._opening = asyncio.Lock()
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    @asynccontextmanager
    async def transaction(self, confined_to: str | None = None) -> AsyncIterator[PostgreSQLConnection]:
        """A READ COMMITTED transaction: each statement sees what was committed before it began.

        With `confined_to`, row-level security lets it see and change nothing but what is that organisation's.
        """
        async with self._session() as driver, self._transaction(driver, confined_to) as connection:
            yield connection

    @asynccontextmanager
    async def reading(self, confined_to: str | None = None) -> AsyncIterator[PostgreSQLConnection]:
        """A session without a transaction: READ COMMITTED would give each statement a view of its own anyway.

        Only what is confined needs one, as the confinement ends with it.
        """
        async with self._session() as driver:
            if confined_to is None:
                yield PostgreSQLConnection(driver)
                return
            async with self._transaction(driver, confined_to) as connection:
                yield connection

    @asynccontextmanager
    async def _transaction(
        self, driver: DriverConnection, confined_to: str | None
    ) -> AsyncIterator[PostgreSQLConnection]:
        connection = PostgreSQLConnection(driver, confined_to)
        try:
            await driver.execute(begin(confined_to))
            yield connection
            connection.check()
        except _OUT_OF_REACH:
            raise  # To roll back would wait for the same answer; the server does that when the line is cut.
        except BaseException:
            await driver.execute("ROLLBACK")
            raise
        await driver.execute("COMMIT")

    @asynccontextmanager
    async def changing_schema(self) -> AsyncIterator[AsyncConnection]:
        """SQLAlchemy's own connection, in a transaction and as the owner of the tables, for migrations."""
        arguments = {"timeout": CONNECT_TIMEOUT_SECONDS, "server_settings": {"timezone": "UTC"}}
        engine = create_async_engine(self._owner_url, poolclass=NullPool, hide_parameters=True, connect_args=arguments)
        try:
            async with engine.begin() as connection:
                yield connection
        finally:
            await engine.dispose()

    async def notify(self, channel: str, payload: str) -> None:
        """Send a hint to every process that listens."""
        async with self.reading() as connection:
            await connection.execute(NOTIFY, {"channel": channel, "payload": payload})

    async def connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A session of its own, outside the pool."""
        return await asyncpg.connect(**self._address, timeout=CONNECT_TIMEOUT_SECONDS)

    async def close(self) -> None:
        """Close every session; one that is still in use is cut."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
                await pool.close()
        except TimeoutError:
            pool.terminate()

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[DriverConnection]:
        pool = self._pool or await self._open()
        async with pool.acquire(timeout=POOL_TIMEOUT_SECONDS) as driver:
            try:
                yield driver
            except _OUT_OF_REACH:
                driver.terminate()
                raise

    async def _open(self) -> "asyncpg.Pool[asyncpg.Record]":
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    **self._address,
                    min_size=0,
                    max_size=self._pool_size,
                    timeout=CONNECT_TIMEOUT_SECONDS,
                    command_timeout=COMMAND_TIMEOUT_SECONDS,
                    statement_cache_size=PREPARED_STATEMENTS,
                    max_cached_statement_lifetime=0,
                    server_settings=_SETTINGS,
                    reset=_leave_as_it_is,
                )
            return self._pool


def _address(url: URL) -> dict[str, Any]:
    unknown = sorted(url.query.keys() - KNOWN_PARAMETERS)
    if unknown:
        known = ", ".join(sorted(KNOWN_PARAMETERS))
        message = f"the database URL has a parameter that is not known: {unknown[0]}; known are {known} (ssl=require)"
        raise ValueError(message)
    return url.translate_connect_args(username="user") | dict(url.query)


async def _leave_as_it_is(_connection: object) -> None:
    """Spare the round trip that asyncpg spends on resetting a session: nothing here changes its session."""
