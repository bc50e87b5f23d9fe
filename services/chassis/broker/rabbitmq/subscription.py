"""Consumes one queue over a connection of its own."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import cast

from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel
from pamqp import frame as frames
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.common import FieldTable
from pamqp.header import ContentHeader

from services.chassis.broker.port import NO_HEADERS, Delivery, SubscriptionClosed, checked_limit
from services.chassis.broker.rabbitmq.connection import (
    Connection,
    ConnectionLost,
    RabbitMQSettings,
    ended,
    lost,
)
from services.chassis.broker.rabbitmq.declaration import Declaration

CONSUME_CHANNEL = 3
PROBES_IN_VAIN = 2
"""One may find what is just on its way."""


class ConsumeChannel(Channel):
    """A channel that hands each delivery to a plain function, where aiormq starts a task for it."""

    def __init__(self, connection: Connection, number: int) -> None:
        """Prepare; `open` does the work."""
        super().__init__(connection, number, publisher_confirms=False)
        self.arrived: Callable[[Basic.Deliver, ContentHeader, bytes], None] | None = None

    async def _on_deliver_frame(self, frame: Basic.Deliver) -> None:
        header = await self._get_frame()
        if not isinstance(header, ContentHeader):
            message = "A delivery without a content header: the peer does not speak AMQP 0-9-1."
            raise ConnectionLost(message)
        body = await self._read_body(header.body_size)
        if self.arrived is not None:
            self.arrived(frame, header, body)

    async def _read_body(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size > 0:
            part = await self._get_frame()
            if not isinstance(part, ContentBody):
                message = "A delivery without its whole body: the peer does not speak AMQP 0-9-1."
                raise ConnectionLost(message)
            parts.append(part.value)
            size -= len(part.value)
        return parts[0] if len(parts) == 1 else b"".join(parts)


class Settlement:
    """Which deliveries of one channel are unsettled, and the fewest frames that settle some of them."""

    def __init__(self) -> None:
        """Begin with a fresh channel."""
        self._unsettled: set[int] = set()
        # Rising; may still hold numbers that were settled, which are skipped when they come to the front.
        self._tags: deque[int] = deque()

    def add(self, tag: int) -> None:
        """Note a delivery; numbers rise."""
        self._unsettled.add(tag)
        self._tags.append(tag)

    @property
    def open(self) -> bool:
        """Whether anything is unsettled."""
        return bool(self._unsettled)

    def take(self, tags: Sequence[int]) -> tuple[int, list[int]]:
        """Settle these; those settled before are left out, since to settle twice ends the channel.

        Gives the number up to which all are settled and some newly so (0 for none), and the numbers beyond it.
        """
        fresh = [tag for tag in tags if tag in self._unsettled]
        self._unsettled.difference_update(fresh)
        while self._tags and self._tags[0] not in self._unsettled:
            self._tags.popleft()
        lowest = self._tags[0] if self._tags else None
        beyond = [] if lowest is None else [tag for tag in fresh if tag > lowest]
        up_to = max((tag for tag in fresh if lowest is None or tag < lowest), default=0)
        return up_to, beyond


class Quiet:
    """For how many probes in a row messages have been ready and none has come."""

    def __init__(self) -> None:
        self.broken = False
        self._probes = 0

    def lasts(self, *, suspicious: bool) -> bool:
        """Note a probe; whether there were too many of them without any delivery in between."""
        self._probes = self._probes + 1 if suspicious and not self.broken else 0
        self.broken = False
        return self._probes >= PROBES_IN_VAIN


class _Session:
    """The time from one connect to the next loss; a delivery can be settled only in the session it came in."""

    def __init__(self, connection: Connection, channel: ConsumeChannel) -> None:
        self.settlement = Settlement()
        self._connection = connection
        self._number = channel.number
        self._quiet = Quiet()

    def arrived(self, tag: int) -> None:
        """Note a delivery."""
        self.settlement.add(tag)
        self._quiet.broken = True

    def waits_in_vain(self, ready: int) -> bool:
        """Whether so many messages are ready, and for too many probes nothing of them has come, nor is in hand."""
        return self._quiet.lasts(suspicious=ready > 0 and not self.settlement.open)

    def acknowledge(self, tags: Sequence[int]) -> None:
        up_to, beyond = self.settlement.take(tags)
        settled = [Basic.Ack(tag) for tag in beyond]
        if up_to:
            settled.append(Basic.Ack(up_to, multiple=True))
        self._write(settled)

    def requeue(self, tags: Sequence[int]) -> None:
        up_to, beyond = self.settlement.take(tags)
        self._write([Basic.Nack(tag, requeue=True) for tag in beyond])
        if up_to:
            self._write([Basic.Nack(up_to, multiple=True, requeue=True)])

    def _write(self, settled: Sequence[Basic.Ack | Basic.Nack]) -> None:
        self._connection.write(b"".join([frames.marshal(frame, self._number) for frame in settled]))


class RabbitMQSubscription:
    """Deliveries of one queue, over as many connections as it takes."""

    def __init__(self, queue_name: str, declaration: Declaration, settings: RabbitMQSettings) -> None:
        """Begin disconnected; a keeper calls `serve`, and closing ends the task in `keeping`."""
        self._queue_name = queue_name
        self._declaration = declaration
        self._settings = settings
        self._ready: deque[Delivery] = deque()
        self._changed = asyncio.Event()
        self.closed = False
        self.consuming = False
        self.keeping: asyncio.Task[None] | None = None

    async def serve(self, connection: Connection) -> None:
        """Consume over this connection until it, the channel or the consumer is lost."""
        seconds = self._settings.connect_timeout_seconds
        await self._declaration.declare(connection)
        channel = await connection.open(ConsumeChannel, CONSUME_CHANNEL, seconds)
        session = _Session(connection, channel)
        channel.arrived = lambda frame, header, body: self._arrived(session, frame, header, body)
        # Called when the server cancels the consumer, which happens when its queue is deleted or moves.
        channel.on_consumer_cancel_callbacks.add(lambda _frame: connection.abort())
        try:
            async with asyncio.timeout(seconds):
                await channel.basic_qos(prefetch_count=self._settings.prefetch)
                await channel.basic_consume(self._queue_name, _never_called)
            self.consuming = True
            while True:
                await lost(connection, channel, self._settings.probe_seconds)
                await self._probe(channel, session)
        finally:
            self.consuming = False
            channel.arrived = None
            # What waits here goes back to the queue with the channel, and would be handled twice.
            self._ready.clear()

    async def batch(self, limit: int) -> Sequence[Delivery]:
        """Wait for a delivery, then take what is ready; raise SubscriptionClosed once closed."""
        checked_limit(limit)
        while not self._ready and not self.closed:
            self._changed.clear()
            await self._changed.wait()
        if self.closed:
            message = f"The subscription to {self._queue_name} was closed."
            raise SubscriptionClosed(message)
        return [self._ready.popleft() for _ in range(min(limit, len(self._ready)))]

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Tell the broker at once that it may forget these."""
        for session, tags in _by_session(deliveries).items():
            session.acknowledge(tags)

    async def requeue(self, deliveries: Sequence[Delivery]) -> None:
        """Give these back at once."""
        for session, tags in _by_session(deliveries).items():
            session.requeue(tags)

    async def close(self) -> None:
        """End the connection; the broker returns to the queue what was not settled."""
        self.closed = True
        self._changed.set()
        await ended(self.keeping)

    async def _probe(self, channel: Channel, session: _Session) -> None:
        """Ask the broker whether the queue still has a consumer; one that vanished in silence is made again.

        This also finds a peer that no longer answers, sooner than heartbeats do. And it finds a consumer that counts
        and gets nothing: in a cluster, a quorum queue that has lost sight of the consumer's node for a while may take
        it for gone from then on.
        """
        async with asyncio.timeout(self._settings.probe_seconds):
            state = await channel.queue_declare(self._queue_name, passive=True)
        if not state.consumer_count:
            message = "The broker no longer knows our consumer."
            raise ConnectionLost(message)
        if session.waits_in_vain(state.message_count or 0):
            message = "Messages are ready, and the broker gives us none."
            raise ConnectionLost(message)

    def _arrived(self, session: _Session, frame: Basic.Deliver, header: ContentHeader, body: bytes) -> None:
        tag, properties = frame.delivery_tag or 0, header.properties
        session.arrived(tag)
        self._ready.append(
            Delivery(
                message_id=properties.message_id or "",
                routing_key=_first_routing_key(properties.headers) or frame.routing_key or "",
                body=body,
                queue=self._queue_name,
                redelivered=bool(frame.redelivered),
                content_type=properties.content_type or "",
                headers=properties.headers or NO_HEADERS,
                receipt=(session, tag),
            )
        )
        self._changed.set()


def _first_routing_key(headers: FieldTable | None) -> str | None:
    """The routing key that a dead letter was published with (https://www.rabbitmq.com/docs/dlx#effects)."""
    match headers:
        case {"x-death": [{"routing-keys": [str(routing_key), *_]}, *_]}:
            return routing_key
    return None


def _by_session(deliveries: Sequence[Delivery]) -> dict[_Session, list[int]]:
    tags: dict[_Session, list[int]] = {}
    for delivery in deliveries:
        session, tag = cast("tuple[_Session, int]", delivery.receipt)
        tags.setdefault(session, []).append(tag)
    return tags


async def _never_called(_message: DeliveredMessage) -> None:
    """Stand in for the callback that aiormq asks for; ConsumeChannel hands deliveries over without it."""
