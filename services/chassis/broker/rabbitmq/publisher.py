"""Publishes over one connection of its own, with publisher confirms, many messages at once."""

from collections.abc import Sequence

from aiormq.abc import ConfirmationFrameType
from aiormq.channel import Channel
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from services.chassis.broker.outcomes import AWAY, FULL, IN_FLIGHT, Batch
from services.chassis.broker.port import Message, PublishError
from services.chassis.broker.rabbitmq.confirms import Confirms
from services.chassis.broker.rabbitmq.connection import Connection, RabbitMQSettings, lost
from services.chassis.broker.rabbitmq.declaration import Declaration
from services.chassis.broker.rabbitmq.wire import PublishEncoder, TooLong
from services.chassis.broker.topology import Topology

CONFIRM_CHANNEL = 2


class ConfirmChannel(Channel):
    """A channel in confirm mode that leaves the bookkeeping to us.

    aiormq finds a returned message by its id among all publishes, and settles each confirm in a task step of its own;
    ours does it in one go, and refuses two of the same id at once.
    """

    def __init__(self, connection: Connection, number: int) -> None:
        """Prepare; `open` does the work."""
        super().__init__(connection, number, publisher_confirms=True)
        self.confirms = Confirms()

    async def _on_confirm_frame(self, frame: ConfirmationFrameType) -> None:
        if isinstance(frame, Basic.Ack):
            self.confirms.acknowledged(frame.delivery_tag or 0, multiple=frame.multiple)
        elif isinstance(frame, Basic.Nack):
            self.confirms.refused(frame.delivery_tag or 0, multiple=frame.multiple)

    async def _on_return_frame(self, frame: Basic.Return) -> None:
        header = await self._get_frame()
        if isinstance(header, ContentHeader):
            await self._read_content(frame, header)
            self.confirms.returned(header.properties.message_id or "")


class Publisher:
    """What publishes of one broker go through: the current channel, or nothing while disconnected."""

    def __init__(self, topology: Topology, declaration: Declaration, settings: RabbitMQSettings) -> None:
        """Begin disconnected; a keeper calls `serve`."""
        self._topology = topology
        self._declaration = declaration
        self._settings = settings
        self._line: _Line | None = None

    @property
    def connected(self) -> bool:
        """Whether there is a channel to publish on."""
        return self._line is not None

    async def serve(self, connection: Connection) -> None:
        """Publish over this connection until it is lost."""
        seconds = self._settings.connect_timeout_seconds
        await self._declaration.declare(connection)
        channel = await connection.open(ConfirmChannel, CONFIRM_CHANNEL, seconds)
        self._line = _Line(connection, channel, self._topology.exchange, self._settings.in_flight_bytes)
        try:
            await lost(connection, channel)
        finally:
            self._line = None
            channel.confirms.lost("The connection was lost before the broker confirmed the message.")

    async def publish(self, messages: Sequence[Message]) -> Sequence[PublishError | None]:
        """Send everything in one write and wait for every outcome, at most the publish timeout."""
        line = self._line
        if line is None or not messages:
            return (AWAY,) * len(messages)
        batch = line.send(messages)
        if not await batch.wait(self._settings.publish_timeout_seconds):
            self._leave(line)
        return batch.outcomes

    def _leave(self, line: "_Line") -> None:
        """Give up a connection that went silent, so that the next publish gets a new one."""
        if self._line is line:
            self._line = None
        line.cut()


class _Line:
    """One connection in use for publishing."""

    def __init__(self, connection: Connection, channel: ConfirmChannel, exchange: str, in_flight_bytes: int) -> None:
        self._connection = connection
        self._confirms = channel.confirms
        self._encode = PublishEncoder(channel.number, exchange, connection.connection_tune.frame_max)
        self._in_flight_bytes = in_flight_bytes

    def send(self, messages: Sequence[Message]) -> Batch:
        """Write the messages, and number them without a pause in between, so that numbers and wire agree."""
        batch = Batch(len(messages))
        self._connection.write(b"".join([self._add(batch, index, message) for index, message in enumerate(messages)]))
        return batch

    def cut(self) -> None:
        """End the connection at once."""
        self._connection.abort()

    def _add(self, batch: Batch, index: int, message: Message) -> bytes:
        confirms = self._confirms
        if confirms.has(message.message_id):
            batch.settle(index, IN_FLIGHT)
            return b""
        if confirms.in_flight_bytes + len(message.body) > self._in_flight_bytes and confirms.in_flight:
            batch.settle(index, FULL)
            return b""
        try:
            frames = self._encode(message)
        except TooLong as error:
            batch.settle(index, PublishError(str(error)))
            return b""
        confirms.add(batch, index, message.message_id, len(message.body))
        return frames
