"""One database of one service, on PostgreSQL (asyncpg) or SQLite (aiosqlite)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import asyncpg
from sqlalchemy import URL, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from services.chassis.database.errors import translated
from services.chassis.database.listener import Listener
from services.chassis.database.sqlite import sqlite_engine

STATEMENT_TIMEOUT_SECONDS = 10
LOCK_TIMEOUT_SECONDS = 5
CONNECT_TIMEOUT_SECONDS = 5
POOL_TIMEOUT_SECONDS = 5

NOTIFY = text("SELECT pg_notify(:channel, :payload)")

_POSTGRESQL_SETTINGS = {
    "statement_timeout": f"{STATEMENT_TIMEOUT_SECONDS}s",
    "lock_timeout": f"{LOCK_TIMEOUT_SECONDS}s",
    "idle_in_transaction_session_timeout": "30s",
    # Short indexed statements only: compiling them costs more than it saves.
    "jit": "off",
    "timezone": "UTC",
}


class Database:
    """Opens transactions, and wakes other processes that use the same database.

    On SQLite one connection writes, so `BEGIN IMMEDIATE` never meets another writer of this process, and a few read.
    """

    def __init__(self, url: URL, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self.url = url
        self._writer = writer
        self._reader = reader
        self._listener: Listener | None = None

    @classmethod
    def connect(cls, url: str, *, pool_size: int = 8) -> "Database":
        """Prepare engines for `postgresql+asyncpg://…` or `sqlite+aiosqlite:///…`; the first use connects."""
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return cls(parsed, _sqlite_engine(parsed, "BEGIN IMMEDIATE", 1), _sqlite_engine(parsed, "BEGIN", 2))
        engine = _postgresql_engine(parsed, pool_size)
        # What only reads needs no transaction: READ COMMITTED would give each statement a view of its own anyway.
        return cls(parsed, engine, engine.execution_options(isolation_level="AUTOCOMMIT"))

    @property
    def is_postgresql(self) -> bool:
        """Whether several processes may share this database."""
        return self._writer.dialect.name == "postgresql"

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Read and write; commits at the end, rolls back on any error.

        Raises DatabaseUnavailable, TransactionConflict or UniqueViolation.
        """
        with translated():
            async with self._writer.begin() as connection:
                yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Read only what is committed. Raises DatabaseUnavailable."""
        with translated():
            async with self._reader.connect() as connection:
                yield connection

    async def ping(self) -> None:
        """Raises DatabaseUnavailable when no statement can be run."""
        async with self.reading() as connection:
            await connection.execute(text("SELECT 1"))

    async def notify(self, channel: str, payload: str) -> None:
        """Wake whoever listens, in every process. A hint only: it may be lost, so listeners poll as well."""
        if self.is_postgresql:
            with translated():
                async with self._reader.connect() as connection:
                    await connection.execute(NOTIFY, {"channel": channel, "payload": payload})
        elif self._listener is not None:
            self._listener.deliver(channel, payload)

    async def listen(self, channel: str, callback: Callable[[str], None]) -> None:
        """Call back with each payload sent to `channel`, for as long as this object is open."""
        if self._listener is None:
            self._listener = Listener(self._driver_connection if self.is_postgresql else None)
        await self._listener.add(channel, callback)

    async def close(self) -> None:
        """Close every connection."""
        if self._listener is not None:
            await self._listener.close()
        for engine in {self._writer, self._reader}:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(engine.dispose(), CONNECT_TIMEOUT_SECONDS)

    async def _driver_connection(self) -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(
            host=self.url.host,
            port=self.url.port,
            user=self.url.username,
            password=self.url.password,
            database=self.url.database,
            timeout=CONNECT_TIMEOUT_SECONDS,
        )


def _postgresql_engine(url: URL, pool_size: int) -> AsyncEngine:
    return create_async_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        hide_parameters=True,
        connect_args={
            "timeout": CONNECT_TIMEOUT_SECONDS,
            "command_timeout": STATEMENT_TIMEOUT_SECONDS,
            "server_settings": _POSTGRESQL_SETTINGS,
        },
    )


def _sqlite_engine(url: URL, begin: str, pool_size: int) -> AsyncEngine:
    return sqlite_engine(
        url,
        begin,
        pool_size=pool_size,
        pool_timeout_seconds=POOL_TIMEOUT_SECONDS,
        lock_timeout_seconds=LOCK_TIMEOUT_SECONDS,
    )
