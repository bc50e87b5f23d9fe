"""LISTEN/NOTIFY: hints between processes that share a PostgreSQL database; within one process, a plain call."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg

RECONNECT_SECONDS = 1.0
CLOSE_SECONDS = 2.0


class Listener:
    """Keeps one connection listening, and opens it again when it is lost."""

    def __init__(self, connect: Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]] | None) -> None:
        self._connect = connect
        self._callbacks: defaultdict[str, list[Callable[[str], None]]] = defaultdict(list)
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    async def add(self, channel: str, callback: Callable[[str], None]) -> None:
        """Call back for each payload on `channel` from now on."""
        if callback not in self._callbacks[channel]:
            self._callbacks[channel].append(callback)
        self._changed.set()
        if self._connect is not None and self._task is None:
            self._task = asyncio.create_task(self._keep_listening(self._connect), name="database-listener")

    def deliver(self, channel: str, payload: str) -> None:
        """Hand one payload to everyone who listens in this process."""
        for callback in self._callbacks.get(channel, ()):
            callback(payload)

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._connection is not None:
            self._connection.terminate()

    async def _keep_listening(self, connect: Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]) -> None:
        while True:
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                self._connection = await connect()
                await self._listen_until_lost(self._connection)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen_until_lost(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        lost = asyncio.Event()

        def note_loss(_connection: object) -> None:
            lost.set()
            self._changed.set()

        connection.add_termination_listener(note_loss)
        listening: set[str] = set()
        while not lost.is_set():
            self._changed.clear()
            for channel in self._callbacks.keys() - listening:
                await connection.add_listener(channel, self._receive)
                listening.add(channel)
            # Whatever was sent while we were away is unknown: an empty payload says "look again".
            for channel in listening:
                self.deliver(channel, "")
            await self._changed.wait()

    def _receive(self, _connection: object, _pid: int, channel: str, payload: object) -> None:
        self.deliver(channel, str(payload))
