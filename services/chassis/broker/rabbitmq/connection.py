"""One connection to RabbitMQ, and the keeper that makes a new one whenever it is lost.

aiormq is the wire layer of aio-pika. It is used directly, because aio-pika's `connect_robust` restores objects behind
the program's back, and its queues and exchanges cost an asyncio task and more per message.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import aiormq
import structlog
from aiormq.channel import Channel
from aiormq.connection import TCPTransportFactory, TLSTransportFactory, TransportFactory
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_random_exponential
from yarl import URL

log = structlog.get_logger(__name__)

SCHEMES = ("amqp", "amqps")
FIRST_PAUSE_SECONDS = 0.1
STEADY_SECONDS = 10.0
"""A connection that lived this long was a good one: the next pauses begin small again."""

AnyChannel = TypeVar("AnyChannel", bound=Channel)


class ConnectionLost(Exception):
    """The connection or its channel ended; the keeper makes another."""


@dataclass(frozen=True, slots=True)
class RabbitMQSettings:
    """Bounds of one client of RabbitMQ.

    `heartbeat_seconds` lets each side find a dead peer; `prefetch` is how many deliveries a subscription may hold
    unsettled; `longest_pause_seconds` bounds the random pause between two attempts to connect; `probe_seconds` is how
    often a subscription checks that its consumer still exists; `in_flight_bytes` bounds what waits for confirmation.
    """

    publish_timeout_seconds: float = 5.0
    connect_timeout_seconds: float = 5.0
    close_timeout_seconds: float = 2.0
    heartbeat_seconds: int = 10
    prefetch: int = 500
    longest_pause_seconds: float = 3.0
    probe_seconds: float = 3.0
    in_flight_bytes: int = 64 * 1024 * 1024


class _Transport(TransportFactory):
    """Opens the socket and keeps hold of it."""

    def __init__(self) -> None:
        self.writer: asyncio.StreamWriter | None = None

    async def create(self, url: URL, **kwargs: object) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        factory = TLSTransportFactory() if url.scheme == "amqps" else TCPTransportFactory()
        reader, self.writer = await factory.create(url, **kwargs)
        return reader, self.writer


class Connection(aiormq.Connection):
    """A connection that can be cut off at once, and written to without passing through a queue."""

    HEARTBEAT_GRACE_MULTIPLIER = 2

    def __init__(self, url: URL, context: ssl.SSLContext | None) -> None:
        """Prepare; `connect` does the work."""
        self._transport = _Transport()
        super().__init__(url, context=context, transport_factory=self._transport)

    def write(self, frames: bytes) -> None:
        """Send whole frames at once. They cannot mix with aiormq's own, which also go out in one piece."""
        if self._transport.writer is not None and not self._transport.writer.is_closing():
            self._transport.writer.write(frames)

    def abort(self) -> None:
        """Cut the connection without a word. A polite close could wait for a stalled peer."""
        if self._transport.writer is not None:
            self._transport.writer.transport.abort()

    async def end(self, seconds: float) -> None:
        """Close politely, within a number of seconds, and cut off after that."""
        with suppress(Exception):
            await asyncio.wait_for(self.close(), seconds)
        self.abort()
        with suppress(Exception):
            await asyncio.wait_for(asyncio.wait([self.closing]), seconds)

    async def open(self, kind: type[AnyChannel], number: int, seconds: float) -> AnyChannel:
        """Open a channel of our own kind; raise TimeoutError or what aiormq raises."""
        channel = kind(self, number)
        self.channels[number] = channel
        async with asyncio.timeout(seconds):
            await channel.open()
        return channel


class Keeper:
    """Uses one connection at a time, for as long as it lasts, and then the next one."""

    def __init__(
        self,
        url: str,
        name: str,
        settings: RabbitMQSettings,
        use: Callable[[Connection], Awaitable[None]],
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Keep a connection called `name`; `use` raises ConnectionLost, or what aiormq raises, when it cannot go on."""
        self._url = checked_url(url).update_query(heartbeat=settings.heartbeat_seconds, name=name)
        self._name = name
        self._settings = settings
        self._use = use
        self._context = context

    async def run(self) -> None:
        """Connect, use, and connect again, until cancelled."""
        while True:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(Exception),
                wait=wait_random_exponential(FIRST_PAUSE_SECONDS, self._settings.longest_pause_seconds),
                before_sleep=self._report,
            ):
                with attempt:
                    await self._once()

    async def _once(self) -> None:
        """Use one connection to its end. Returns after a long life, raises after a short one."""
        loop = asyncio.get_running_loop()
        connection = Connection(self._url, self._context)
        began = loop.time()
        try:
            async with asyncio.timeout(self._settings.connect_timeout_seconds):
                await connection.connect()
            log.info("broker-connected", connection=self._name)
            await self._use(connection)
        except Exception as error:
            connection.abort()
            if loop.time() - began < STEADY_SECONDS:
                raise
            log.warning("broker-lost", connection=self._name, reason=self._describe(error))
        finally:
            await asyncio.shield(connection.end(self._settings.close_timeout_seconds))

    def _report(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.warning("broker-away", connection=self._name, attempt=state.attempt_number, reason=self._describe(error))

    def _describe(self, error: BaseException | None) -> str:
        """Name an error without the password, should the library ever repeat it."""
        text = f"{type(error).__name__}: {error}"
        return text.replace(self._url.password, "[redacted]") if self._url.password else text


def checked_url(url: str) -> URL:
    """Return a broker URL that can be used; raise ValueError, which does not repeat the URL, for any other."""
    try:
        parsed = URL(url)
    except ValueError:
        parsed = URL()
    if parsed.scheme not in SCHEMES or not parsed.host:
        message = "The broker URL must look like amqp://user:password@host:port/vhost, or amqps:// for TLS."
        raise ValueError(message)
    return parsed


async def lost(connection: Connection, channel: Channel, seconds: float | None = None) -> None:
    """Wait for the end of the connection or channel, and raise ConnectionLost; return when it lasts so many seconds."""
    _check_cancelled()
    ends = [connection.closing, channel.closing]
    done, _ = await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for end in done:
        raise ConnectionLost(_cause(end))


def _check_cancelled() -> None:
    """Notice a cancellation that was swallowed: `asyncio.wait_for` of Python 3.11, which aiormq uses, can do that."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _cause(end: "asyncio.Future[Any]") -> str:
    error = None if end.cancelled() else end.exception()
    return f"{type(error).__name__}: {error}" if error else "The connection was closed."


async def ended(task: "asyncio.Task[None] | None") -> None:
    """Cancel a task and wait until it has cleaned up."""
    if task is not None:
        task.cancel()
        await asyncio.wait([task])
