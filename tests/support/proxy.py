"""A line to a server on loopback that may be cut, stalled, delayed, halved, or cut right after certain words."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"
CHUNK_BYTES = 64 * 1024


@dataclass(slots=True, eq=False)
class _Line:
    """One connection, through to the server."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    silent: bool = False
    """Nothing passes any more, and nobody is told: a half-open connection."""

    def cut(self) -> None:
        for writer in (self.client, self.server):
            writer.transport.abort()


@dataclass(slots=True)
class Proxy:
    """Passes connections on to one of `targets` (ports) after the other, as far as they take any."""

    targets: list[int]
    delay_seconds: float = 0.0
    port: int = 0
    _lines: set[_Line] = field(default_factory=set)
    _open: asyncio.Event = field(default_factory=asyncio.Event)
    _halving: bool = False
    _last_words: bytes = b""
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._open.set()
        self._server = await asyncio.start_server(self._connected, LOOPBACK, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close everything."""
        assert self._server is not None
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Reset every connection."""
        for line in list(self._lines):
            line.cut()

    async def stall(self, seconds: float) -> None:
        """Let nothing pass for a while; then it goes on as if nothing had been."""
        self._open.clear()
        await asyncio.sleep(seconds)
        self._open.set()

    def go_silent(self) -> None:
        """Let nothing pass on any connection that is open now, for ever; new ones work."""
        for line in self._lines:
            line.silent = True

    def halve(self) -> None:
        """Of what passes next, let half through and cut that connection."""
        self._halving = True

    def cut_after(self, words: bytes) -> None:
        """Pass on what a client sends next with these words in it, and cut its connection before any answer."""
        self._last_words = words

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.targets.append(self.targets.pop(0))
        for port in list(self.targets):
            try:
                answers, server = await asyncio.open_connection(LOOPBACK, port)
            except OSError:
                continue
            line = _Line(writer, server)
            self._lines.add(line)
            try:
                await asyncio.gather(
                    self._pump(line, reader, server, from_client=True), self._pump(line, answers, writer)
                )
            finally:
                self._lines.discard(line)
                line.cut()
            return
        writer.transport.abort()

    async def _pump(
        self, line: _Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, from_client: bool = False
    ) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK_BYTES):
                await self._open.wait()
                await asyncio.sleep(self.delay_seconds)
                if line.silent:
                    continue
                last = self._is_last(chunk, from_client=from_client)
                writer.write(chunk[: len(chunk) // 2] if self._halving else chunk)
                await writer.drain()
                if last or self._halving:
                    self._halving = False
                    break
        line.cut()

    def _is_last(self, chunk: bytes, *, from_client: bool) -> bool:
        if not from_client or not self._last_words or self._last_words not in chunk:
            return False
        self._last_words = b""
        return True
