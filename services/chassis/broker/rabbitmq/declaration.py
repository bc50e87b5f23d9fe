"""Puts a topology on RabbitMQ. Declaring what is there already changes nothing, so it is done at every connect."""

import asyncio

from aio_pika import ExchangeType
from aiormq.abc import AbstractChannel
from aiormq.exceptions import ChannelNotFoundEntity

from services.chassis.broker.port import Loss, nothing_lost
from services.chassis.broker.rabbitmq.connection import Connection
from services.chassis.broker.topology import Queue, Topology

DECLARING_CHANNEL = 1


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
        """Declare exchanges, queues and bindings; before a queue is made that is not there, `before_making` is called.

        Raises TimeoutError, what `before_making` raises, or aiormq's ChannelPreconditionFailed when something of the
        same name exists but differs: then the operator must migrate it, since a queue cannot be changed in place.
        """
        async with self._declaring:
            if not await self._all_there(connection):
                await self.before_making()
            async with asyncio.timeout(self._seconds):
                await _make(connection, self._topology)

    async def _all_there(self, connection: Connection) -> bool:
        async with asyncio.timeout(self._seconds):
            channel = await connection.channel(DECLARING_CHANNEL, publisher_confirms=False)
            try:
                for queue in self._topology.queues:
                    await channel.queue_declare(queue.name, passive=True)
            except ChannelNotFoundEntity:
                return False  # The broker has closed the channel with its answer.
            await channel.close()
            return True


async def _make(connection: Connection, topology: Topology) -> None:
    channel = await connection.channel(DECLARING_CHANNEL, publisher_confirms=False)
    await channel.exchange_declare(topology.exchange, exchange_type=ExchangeType.TOPIC.value, durable=True)
    await channel.exchange_declare(topology.dead_letter_exchange, exchange_type=ExchangeType.DIRECT.value, durable=True)
    for queue in topology.queues:
        await declare_queue(channel, topology, queue)
    await channel.close()


async def declare_queue(channel: AbstractChannel, topology: Topology, queue: Queue) -> None:
    """Declare a queue, its quarantine and its bindings.

    Dead letters travel at least once only with this strategy, on a quorum queue that rejects what is over its length
    (https://www.rabbitmq.com/docs/quorum-queues#dead-lettering).
    """
    await channel.queue_declare(queue.quarantine_name, durable=True, arguments={"x-queue-type": "quorum"})
    await channel.queue_bind(queue.quarantine_name, topology.dead_letter_exchange, queue.quarantine_name)
    await channel.queue_declare(
        queue.name,
        durable=True,
        arguments={
            "x-queue-type": "quorum",
            "x-delivery-limit": queue.delivery_limit,
            "x-overflow": "reject-publish",
            "x-dead-letter-exchange": topology.dead_letter_exchange,
            "x-dead-letter-routing-key": queue.quarantine_name,
            "x-dead-letter-strategy": "at-least-once",
        },
    )
    for pattern in queue.bindings:
        await channel.queue_bind(queue.name, topology.exchange, pattern)
