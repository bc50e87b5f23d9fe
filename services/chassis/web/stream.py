"""Server-sent events: a live stream that is bounded in memory, and that ends for a reader who cannot keep up.

The format of the HTML standard. A reader that was dropped connects again with `Last-Event-ID` and misses nothing, as
far as the handler replays from there.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import web

from services.chassis.errors import FieldError, InvalidInput
from services.chassis.web.settings import WebSettings

LAST_EVENT_ID = "Last-Event-ID"
_EVENT_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,128}")


class StreamClosed(Exception):
    """The reader is gone, too slow, or the service is stopping: nothing more can be sent to it."""


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event. `id` is what the reader sends back as Last-Event-ID; `data` is text, usually JSON on one line.

    Without data it is no event to its reader, who only keeps the id: it says where the stream begins.
    """

    data: str | None
    id: str | None = None
    event: str | None = None

    def encode(self) -> bytes:
        """The event as it goes over the wire. Raises ValueError when an id or name would break the format."""
        lines = []
        if self.id is not None:
            lines.append(f"id: {_checked(_EVENT_ID, self.id)}")
        if self.event is not None:
            lines.append(f"event: {_checked(_NAME, self.event)}")
        # Every line end that the standard knows would end the field: each line gets its own.
        if self.data is not None:
            lines.extend(f"data: {line}" for line in re.split(r"\r\n|\r|\n", self.data))
        return ("\n".join(lines) + "\n\n").encode()


def _checked(pattern: re.Pattern[str], value: str) -> str:
    if not pattern.fullmatch(value):
        message = f"an event's id or name must match {pattern.pattern}"
        raise ValueError(message)
    return value


def last_event_id(headers: Mapping[str, str], pattern: str) -> str | None:
    """The id of the last event that the reader has. Raises InvalidInput when it cannot be one of ours."""
    value = headers.get(LAST_EVENT_ID)
    if not value:
        return None
    if not re.fullmatch(pattern, value):
        message = "Header: must be an id that this stream sent before."
        raise InvalidInput(message, fields=[FieldError(f"/{LAST_EVENT_ID}", message)])
    return value


class EventStream:
    """One reader's stream. `offer` never waits, for live events; `send` waits for room, for a backlog."""

    def __init__(self, response: web.StreamResponse, settings: WebSettings, last_id: str | None) -> None:
        self.last_event_id = last_id
        self._response = response
        self._settings = settings
        self._waiting: list[bytes] = []
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self._ended = False
        self.broken = False
        """Whether the reader is gone or too slow: the connection is of no more use."""

    def offer(self, event: ServerSentEvent) -> bool:
        """Queue an event at once. When the reader has fallen behind by a whole buffer, drop the reader: False."""
        if len(self._waiting) >= self._settings.stream_buffer_events:
            self.close()
        if self._ended:
            return False
        self._waiting.append(event.encode())
        self._filled.set()
        return True

    async def send(self, event: ServerSentEvent) -> None:
        """Queue an event when there is room. Raises StreamClosed."""
        while len(self._waiting) >= self._settings.stream_buffer_events and not self._ended:
            self._emptied.clear()
            await self._emptied.wait()
        if not self.offer(event):
            raise StreamClosed

    def close(self) -> None:
        """End the stream; what is already queued is still written when the reader takes it."""
        self._ended = True
        self._filled.set()
        self._emptied.set()

    async def write(self) -> None:
        """Write what is queued, and a comment when there was nothing for a while, until closed or the reader is gone.

        Raises StreamClosed when the reader is gone or too slow.
        """
        while not self._ended or self._waiting:
            if not self._waiting:
                await self._wait()
            chunk, self._waiting = b"".join(self._waiting) or b":\n\n", []
            self._filled.clear()
            self._emptied.set()
            if chunk != b":\n\n" or not self._ended:
                await self._put(chunk)

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.heartbeat_seconds):
                await self._filled.wait()

    async def _put(self, chunk: bytes) -> None:
        try:
            async with asyncio.timeout(self._settings.stream_write_timeout_seconds):
                await self._response.write(chunk)
        except (TimeoutError, ConnectionError) as error:
            self.broken = True
            self.close()
            raise StreamClosed from error


@dataclass(frozen=True, slots=True)
class Permission:
    """How long a stream may be open."""

    seconds: float | None
    """Until the token has expired; None: it does not."""
    stands: Callable[[], Awaitable[bool]]
    """Whether its reader may still read, as far as can be told now."""
    check_seconds: float
    """How often that is asked."""


async def serve(stream: EventStream, work: Callable[[], Awaitable[None]], permission: Permission) -> None:
    """Write the stream while `work` fills it; end with whichever ends first, or when it may not be open any more.

    Raises what `work` raises, except StreamClosed.
    """
    filling = asyncio.ensure_future(_fill(stream, work))
    writing = asyncio.ensure_future(stream.write())
    try:
        async with asyncio.timeout(permission.seconds):
            await _while_permitted(permission, {filling, writing})
            if filling.done():
                await asyncio.wait({writing})
    except TimeoutError:
        stream.close()
    finally:
        await _end(filling, writing)
    if filling.done() and not filling.cancelled():
        filling.result()


async def _while_permitted(permission: Permission, tasks: set[asyncio.Future[None]]) -> None:
    """Wait until one of these has ended. Raises TimeoutError when it may not go on."""
    while not (await asyncio.wait(tasks, timeout=permission.check_seconds, return_when=asyncio.FIRST_COMPLETED))[0]:
        if not await permission.stands():
            raise TimeoutError


async def _fill(stream: EventStream, work: Callable[[], Awaitable[None]]) -> None:
    try:
        with suppress(StreamClosed):
            await work()
    finally:
        stream.close()


async def _end(*tasks: asyncio.Future[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
