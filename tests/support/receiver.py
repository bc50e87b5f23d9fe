"""A receiver of webhooks that does whatever receivers do, and remembers what reached it. It speaks HTTP by hand."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def answers(status: int, *headers: str, body: bytes = b"") -> Behaviour:
    """Answer with this."""
    lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}", *headers]
    content = ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        await writer.drain()

    return behave


def late(seconds: float, then: Behaviour) -> Behaviour:
    """Answer, but not soon."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        await then(writer)

    return behave


async def stalls(_writer: asyncio.StreamWriter) -> None:
    """Say nothing, for ever."""
    await asyncio.Event().wait()


async def resets(writer: asyncio.StreamWriter) -> None:
    """Break the line off."""
    writer.transport.abort()


async def huge(writer: asyncio.StreamWriter) -> None:
    """Answer well, and then never end."""
    writer.write(b"HTTP/1.1 200 -\r\nTransfer-Encoding: chunked\r\n\r\n")
    with suppress(ConnectionError):
        while True:
            writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            await writer.drain()


async def garbage(writer: asyncio.StreamWriter) -> None:
    """Answer with what is not HTTP."""
    writer.write(b"\x00\xff not http at all\r\n\r\n")
    await writer.drain()


WELL = answers(204)
WELCOME = answers(204, "WebHook-Allowed-Origin: *")


@dataclass(slots=True)
class Receiver:
    """Listens on loopback. What a path does is in `behaviours`; the last path segment tells endpoints apart."""

    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    handshake: Behaviour = WELCOME
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    scheme: str = "http"
    port: int = 0
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.scheme = "http" if context is None else "https"
        self._server = await asyncio.start_server(self._serve, host, self.port, ssl=context, backlog=2000)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def url(self, path: str = "hook", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}/{path}"

    def posts(self, path: str | None = None) -> list[Received]:
        """The deliveries, of one path or of all."""
        return [one for one in self.received if one.method == "POST" and path in (None, one.path)]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.rstrip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        path = target.lstrip("/")
        self.received.append(Received(method, path, headers, body))
        behave = self.handshake if method == "OPTIONS" else self.behaviours.get(path, WELL)
        await behave(writer)
        return behave not in (resets, garbage)
