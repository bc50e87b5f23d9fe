"""Puts a topology on RabbitMQ. Declaring what is there already changes nothing, so it is done at every connect."""

import asyncio
from collections.abc import Awaitable, Callable

from aio_pika import ExchangeType
from aiormq.abc import AbstractChannel
from aiormq.exceptions import ChannelNotFoundEntity
from pamqp.common import FieldTable

from services.chassis.broker.port import Loss, nothing_lost
from services.chassis.broker.rabbitmq.connection import Connection
from services.chassis.broker.topology import Bound, Queue, Topology

DECLARING_CHANNEL = 1

_NOTHING_DROPPED: FieldTable = {"x-overflow": "reject-publish", "x-dead-letter-strategy": "at-least-once"}
"""Dead letters travel at least once only with this strategy, on a quorum queue that rejects what is over its length
(https://www.rabbitmq.com/docs/quorum-queues#dead-lettering)."""


class Declaration:
    """Declares one topology, for all connections of one broker."""

    def __init__(self, topology: Topology, seconds: float) -> None:
        """Prepare; each exchange of words with the broker may take so many seconds."""
        self.before_making: Loss = nothing_lost
        self._topology = topology
        self._seconds = seconds
        # One at a time: what one connection has found missing and made is there for the next.
        self._declaring = asyncio.Lock()

    async def declare(self, connection: Connection) -> None:
        """Declare exchanges, queues and bindings; before queues are made that are not there, `before_making` is called.

        Raises TimeoutError, what `before_making` raises, or aiormq's ChannelPreconditionFailed when something of the
        same name exists but differs: then the operator must migrate it, since a queue cannot be changed in place.
        """
        async with self._declaring:
            missing = [queue for queue in self._topology.queues if not await self._is_there(connection, queue)]
            if missing:
                await self.before_making(missing)
            async with asyncio.timeout(self._seconds):
                await self._make(connection)

    async def _is_there(self, connection: Connection, queue: Queue) -> bool:
        return await self._found(connection, lambda channel: channel.queue_declare(queue.name, passive=True))

    async def _found(self, connection: Connection, look: Callable[[AbstractChannel], Awaitable[object]]) -> bool:
        async with asyncio.timeout(self._seconds):
            channel = await connection.channel(DECLARING_CHANNEL, publisher_confirms=False)
            try:
                await look(channel)
            except ChannelNotFoundEntity:
                return False  # The broker has closed the channel with its answer.
            await channel.close()
            return True

    async def _make(self, connection: Connection) -> None:
        topology = self._topology
        for exchange in (topology.exchange, topology.dead_letter_exchange):
            await self._make_exchange(connection, exchange)
        channel = await connection.channel(DECLARING_CHANNEL, publisher_confirms=False)
        for queue in topology.queues:
            await declare_queue(channel, topology, queue)
        await channel.close()

    async def _make_exchange(self, connection: Connection, name: str) -> None:
        """Unless it is there: who has no right to make exchanges needs none, where an operator has made them."""
        if not await self._found(connection, lambda channel: channel.exchange_declare(name, passive=True)):
            channel = await connection.channel(DECLARING_CHANNEL, publisher_confirms=False)
            await channel.exchange_declare(name, exchange_type=ExchangeType.TOPIC.value, durable=True)
            await channel.close()


async def declare_queue(channel: AbstractChannel, topology: Topology, queue: Queue) -> None:
    """Declare a queue, its quarantine and its bindings."""
    bounds = _bounds(queue.bound)
    quarantine: FieldTable = {"x-queue-type": "quorum", **bounds}
    await channel.queue_declare(queue.quarantine_name, durable=True, arguments=quarantine)
    await channel.queue_bind(queue.quarantine_name, topology.dead_letter_exchange, queue.quarantine_name)
    arguments: FieldTable = {
        "x-queue-type": "quorum",
        "x-delivery-limit": queue.delivery_limit,
        "x-dead-letter-exchange": topology.dead_letter_exchange,
        "x-dead-letter-routing-key": queue.quarantine_name,
        **(bounds or _NOTHING_DROPPED),
    }
    await channel.queue_declare(queue.name, durable=True, arguments=arguments)
    for pattern in queue.bindings:
        await channel.queue_bind(queue.name, topology.exchange, pattern)


def _bounds(bound: Bound | None) -> FieldTable:
    if bound is None:
        return {}
    return {"x-overflow": "drop-head", "x-max-length": bound.messages, "x-message-ttl": bound.seconds * 1000}
