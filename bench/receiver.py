"""Receivers of webhooks, and readers of many streams, with as little work as possible: they must not be measured."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

WELL = b"HTTP/1.1 204 No Content\r\nWebHook-Allowed-Origin: *\r\n\r\n"
END_OF_HEAD = b"\r\n\r\n"
ID, LENGTH = b"\r\nwebhook-id: ", b"\r\ncontent-length: "
BACKLOG = 4096


@dataclass(slots=True)
class Received:
    """When each webhook was received first, by its path and id."""

    instants: dict[bytes, float] = field(default_factory=dict)
    _waiting: list[tuple[int, asyncio.Event]] = field(default_factory=list)

    def note(self, key: bytes) -> None:
        """It is here."""
        self.instants.setdefault(key, time.perf_counter())
        for count, event in self._waiting:
            if len(self.instants) >= count:
                event.set()

    async def until(self, count: int, seconds: float = 120.0) -> None:
        """Wait until there are so many. Raises TimeoutError."""
        event = asyncio.Event()
        if len(self.instants) >= count:
            return
        self._waiting.append((count, event))
        async with asyncio.timeout(seconds):
            await event.wait()
        self._waiting = [each for each in self._waiting if each[1] is not event]


class _Receiver(asyncio.Protocol):
    """Answers every request at once; but those that are posted under `/dead` never."""

    def __init__(self, received: Received) -> None:
        self._received = received
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """There is somebody."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take as many requests as are here in full."""
        self._read += data
        while (end := self._read.find(END_OF_HEAD)) >= 0:
            head = self._read[:end].lower() + b"\r\n"
            whole = end + len(END_OF_HEAD) + int(_value(head, LENGTH) or 0)
            if len(self._read) < whole:
                return
            self._read = self._read[whole:]
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        method, path, _ = head.split(b" ", 2)
        if method == b"post" and path.startswith(b"/dead"):
            return
        if method == b"post":
            self._received.note(path + (_value(head, ID) or b""))
        self._transport.write(WELL)  # type: ignore[attr-defined] # it is one that writes


def _value(head: bytes, name: bytes) -> bytes | None:
    _, found, rest = head.partition(name)
    return rest.partition(b"\r\n")[0] if found else None


@asynccontextmanager
async def receiving(received: Received) -> AsyncIterator[str]:
    """Receive meanwhile; gives the address."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Receiver(received), "127.0.0.1", 0, backlog=BACKLOG)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


class StreamReader(asyncio.Protocol):
    """One open stream: says when it is open, and when it has shown an event."""

    def __init__(self, request: bytes, opened: Callable[[], None], saw: Callable[[], None]) -> None:
        """`request`: what opens it."""
        self._request = request
        self._opened, self._saw = opened, saw
        self._is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        transport.write(self._request)  # type: ignore[attr-defined] # it is one that writes

    def data_received(self, data: bytes) -> None:
        """An id says that it is open (no header is written so small), data that there is something."""
        if not self._is_open and b"id: " in data:
            self._is_open = True
            self._opened()
        if b"data: " in data:
            self._saw()
