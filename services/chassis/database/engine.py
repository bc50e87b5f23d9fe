"""One database of one service, on PostgreSQL (asyncpg) or SQLite."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Protocol

from sqlalchemy import make_url, text

from services.chassis.database.connection import Connection, SchemaConnection
from services.chassis.database.errors import translated
from services.chassis.database.listener import Listener
from services.chassis.database.postgresql import PostgreSQL
from services.chassis.database.sqlite import SQLite


class Sessions(Protocol):
    """What a kind of database has to give."""

    @property
    def shared(self) -> bool:
        """Whether several processes may use it."""
        ...

    def transaction(self, confined_to: str | None = None) -> AbstractAsyncContextManager[Connection]:
        """Read and write, at most what is that organisation's; committed at the end, and rolled back on any error."""
        ...

    def reading(self, confined_to: str | None = None) -> AbstractAsyncContextManager[Connection]:
        """Read only what is committed, confined likewise."""
        ...

    def changing_schema(self) -> AbstractAsyncContextManager[SchemaConnection]:
        """SQLAlchemy's own connection, in a transaction, for migrations."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class _Translated:
    """A session whose driver's errors are ours. Around everything, so without the generator of `contextmanager`."""

    __slots__ = ("_session",)

    def __init__(self, session: AbstractAsyncContextManager[Connection]) -> None:
        self._session = session

    async def __aenter__(self) -> Connection:
        with translated():
            return await self._session.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        with translated():
            is_handled = await self._session.__aexit__(kind, error, trace)
            if error is not None and not is_handled:
                raise error
        return is_handled


class Database:
    """Opens transactions, and wakes other processes that use the same database."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._listener: Listener | None = None

    @classmethod
    def connect(cls, url: str, pool_size: int = 8, owner_url: str | None = None) -> "Database":
        """Prepare for `postgresql+asyncpg://…` or `sqlite:///…`; the first use connects.

        `owner_url`: the same database for whoever owns its tables and may change them; without, that is who uses it.
        """
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return cls(SQLite(parsed))
        return cls(PostgreSQL(parsed, pool_size, make_url(owner_url) if owner_url else None))

    @property
    def is_postgresql(self) -> bool:
        """Whether several processes may share this database."""
        return self._sessions.shared

    def transaction(self, confined_to: str | None = None) -> AbstractAsyncContextManager[Connection]:
        """Read and write; commits at the end, rolls back on any error.

        With `confined_to`, only what is that organisation's, on PostgreSQL: SQLite has no row-level security.
        Raises DatabaseUnavailable, TransactionConflict or UniqueViolation.
        """
        return _Translated(self._sessions.transaction(confined_to))

    def reading(self, confined_to: str | None = None) -> AbstractAsyncContextManager[Connection]:
        """Read only what is committed, confined as a transaction may be. Raises DatabaseUnavailable."""
        return _Translated(self._sessions.reading(confined_to))

    @asynccontextmanager
    async def changing_schema(self) -> AsyncIterator[SchemaConnection]:
        """A transaction in which Alembic works. Raises DatabaseUnavailable."""
        with translated():
            async with self._sessions.changing_schema() as connection:
                yield connection

    async def ping(self) -> None:
        """Raises DatabaseUnavailable when no statement can be run."""
        async with self.reading() as connection:
            await connection.execute(text("SELECT 1"))

    async def notify(self, channel: str, payload: str) -> None:
        """Wake whoever listens, in every process. A hint only: it may be lost, so listeners poll as well."""
        if isinstance(self._sessions, PostgreSQL):
            with translated():
                await self._sessions.notify(channel, payload)
        elif self._listener is not None:
            self._listener.deliver(channel, payload)

    async def listen(self, channel: str, callback: Callable[[str], None]) -> None:
        """Call back with each payload sent to `channel`, for as long as this object is open."""
        if self._listener is None:
            self._listener = Listener(self._sessions.connect if isinstance(self._sessions, PostgreSQL) else None)
        await self._listener.add(channel, callback)

    async def close(self) -> None:
        """Close every connection."""
        if self._listener is not None:
            await self._listener.close()
        await self._sessions.close()
