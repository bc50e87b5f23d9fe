"""Server-sent events as they come over the wire (the HTML standard), and a stream that resumes after a break."""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TypeVar

import aiohttp
from pydantic import ValidationError

from doorstroom_client.errors import ServerUnreachable, UnreadableAnswer
from doorstroom_client.retries import RetryPolicy, TryAgain
from doorstroom_client.transport import Transport
from schemas.base import Schema

EVENT_LIMIT_BYTES = 1024 * 1024
RECONNECTING = RetryPolicy(first_wait_seconds=0.25, longest_wait_seconds=30.0)
"""For as long as the listener listens; each connection that brings something begins the waits anew."""
_LINE_END = re.compile(rb"\r\n|\r|\n")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Event:
    """One event. Without data it only says where the stream is."""

    data: str
    id: str | None
    name: str | None = None
    """What kind of event it is, where the server says so."""


@dataclass(slots=True)
class EventReader:
    """Puts events together from whatever pieces they arrive in."""

    last_id: str | None = None
    _rest: bytes = b""
    _begun: bool = False
    _after_return: bool = False
    _data: list[str] = field(default_factory=list)
    _name: str | None = None
    _new_id: str | None = None
    """Of the event under way: it counts when that is whole."""

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that this piece completes. Raises UnreadableAnswer when one grows too large."""
        if self._after_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._after_return = chunk.endswith(b"\r")
        *lines, self._rest = _LINE_END.split(self._rest + chunk)
        if not self._begun and lines:
            self._begun = True
            lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
        events = [event for line in lines if (event := self._take(line)) is not None]
        if len(self._rest) + sum(map(len, self._data)) > EVENT_LIMIT_BYTES:
            message = f"an event of the stream is larger than {EVENT_LIMIT_BYTES} bytes"
            raise UnreadableAnswer(message)
        return events

    def _take(self, line: bytes) -> Event | None:
        if not line:
            return self._dispatch()
        name, _, value = line.decode(errors="replace").partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._name = value
        elif name == "id" and "\0" not in value:
            self._new_id = value
        return None

    def _dispatch(self) -> Event | None:
        data, new_id, name = "\n".join(self._data), self._new_id, self._name
        self._data, self._new_id, self._name = [], None, None
        if new_id is not None:
            self.last_id = new_id or None
        return None if not data and new_id is None else Event(data, self.last_id, name)


Told = TypeVar("Told", bound=Schema)


async def follow(
    transport: Transport, url: str, told: type[Told], last_event_id: str | None
) -> AsyncGenerator[Told, None]:
    """What a stream tells, live; after a break it resumes where it was, for as long as the caller listens.

    Without `last_event_id` it begins with what comes next. Raises ProblemError, UnreadableAnswer, or ServerUnreachable
    when the server cannot be known by its certificate or its address.
    """
    reader, failures = EventReader(last_event_id), 0
    while True:
        asked: float | None = None
        try:
            async with aclosing(_connected(transport, url, reader)) as events:
                async for event in events:
                    failures = 0
                    if event.data:
                        yield _read(event, told)
        except TryAgain as again:
            asked = again.retry_after_seconds
        except (aiohttp.ClientSSLError, aiohttp.InvalidURL) as error:
            raise ServerUnreachable("the url or the certificate is not that of a server to be trusted") from error
        except (aiohttp.ClientError, TimeoutError):
            pass
        failures += 1
        # A new line: half an event that came over the old one is said again.
        reader = EventReader(reader.last_id)
        await transport.sleep(RECONNECTING.wait_seconds(failures, asked, transport.chance))


async def line(transport: Transport, url: str, last_event_id: str | None) -> AsyncGenerator[Event, None]:
    """One connection, for whoever sees to its breaks: its events as they come, until the server ends it.

    Raises ServerUnreachable when it breaks or cannot be had now, ProblemError, or UnreadableAnswer.
    """
    try:
        async with aclosing(_connected(transport, url, EventReader(last_event_id))) as events:
            async for event in events:
                yield event
    except TryAgain as again:
        raise again.error from None
    except (aiohttp.ClientError, aiohttp.InvalidURL, TimeoutError) as error:
        raise ServerUnreachable("the stream is broken, or cannot be had now") from error


async def _connected(transport: Transport, url: str, reader: EventReader) -> AsyncGenerator[Event, None]:
    headers = {"Accept": "text/event-stream"}
    if reader.last_id is not None:
        headers["Last-Event-ID"] = reader.last_id
    async with transport.stream(url, headers) as content:
        async for event in _events(content.iter_any(), reader):
            yield event


async def _events(chunks: AsyncIterator[bytes], reader: EventReader) -> AsyncIterator[Event]:
    async for chunk in chunks:
        for event in reader.feed(chunk):
            yield event


def _read(event: Event, told: type[Told]) -> Told:
    try:
        return told.model_validate_json(event.data, extra="ignore")
    except ValidationError:
        raise UnreadableAnswer("an event of the stream is not of the form that this client knows") from None
