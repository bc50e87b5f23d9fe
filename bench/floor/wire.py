"""What the three stations share: a table, a publisher, a consumer. The same durability as the product, and no more."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Self
from uuid import uuid4

import aio_pika
import asyncpg
from aio_pika.abc import AbstractConnection, AbstractExchange, AbstractIncomingMessage
from pamqp.common import FieldTable

EXCHANGE = "bench-floor"
DEAD_LETTERS = "bench-floor.dead"
EXCHANGES = (EXCHANGE, DEAD_LETTERS)
POOL_SIZE = 8
PREFETCH = 500
DELIVERY_LIMIT = 20
SECONDS = 5.0

QUEUE_ARGUMENTS: FieldTable = {
    "x-queue-type": "quorum",
    "x-delivery-limit": DELIVERY_LIMIT,
    "x-overflow": "reject-publish",
    "x-dead-letter-exchange": DEAD_LETTERS,
    "x-dead-letter-strategy": "at-least-once",
}


@dataclass(frozen=True, slots=True)
class Places:
    """Where a station finds its servers and where it listens; handed over in the environment, for it holds secrets."""

    database_url: str
    broker_url: str
    port: int

    @classmethod
    def from_environment(cls) -> Self:
        """Read what `as_environment` made."""
        return cls(os.environ["FLOOR_DATABASE_URL"], os.environ["FLOOR_BROKER_URL"], int(os.environ["FLOOR_PORT"]))

    def as_environment(self) -> dict[str, str]:
        """Return the variables that a station reads."""
        return {
            "FLOOR_DATABASE_URL": self.database_url,
            "FLOOR_BROKER_URL": self.broker_url,
            "FLOOR_PORT": str(self.port),
        }


class Table:
    """One table of one station. Each `insert` is a transaction of its own."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        """Use a pool."""
        self._pool = pool

    @classmethod
    async def connect(cls, url: str) -> Self:
        """Connect, and make the table."""
        pool = await asyncpg.create_pool(
            url, min_size=POOL_SIZE, max_size=POOL_SIZE, command_timeout=SECONDS, reset=_leave_as_it_is
        )
        await pool.execute("CREATE TABLE IF NOT EXISTS stored (id uuid PRIMARY KEY, body bytea NOT NULL)")
        return cls(pool)

    async def insert(self, key: str, body: bytes) -> None:
        """Store a row; it is committed when this returns. A row that is there already stays: a message may repeat."""
        await self._pool.execute("INSERT INTO stored (id, body) VALUES ($1, $2) ON CONFLICT DO NOTHING", key, body)

    async def close(self) -> None:
        """Close the pool."""
        await self._pool.close()


class Publisher:
    """Publishes persistent, mandatory and confirmed, on a connection of its own."""

    def __init__(self, connection: AbstractConnection, exchange: AbstractExchange) -> None:
        """Use an exchange of a connection."""
        self._connection = connection
        self._exchange = exchange

    @classmethod
    async def connect(cls, url: str) -> Self:
        """Connect, and declare the exchange."""
        connection = await aio_pika.connect(url)
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
        return cls(connection, exchange)

    async def publish(self, routing_key: str, body: bytes) -> None:
        """Publish; the broker has confirmed it when this returns."""
        message = aio_pika.Message(body, message_id=uuid4().hex, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await self._exchange.publish(message, routing_key, mandatory=True, timeout=SECONDS)

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()


async def _leave_as_it_is(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Spare the round trip that a pool spends on resetting a session: no station changes its session."""


async def consume(
    url: str, queue_name: str, routing_key: str, handle: Callable[[bytes], Awaitable[None]]
) -> AbstractConnection:
    """Begin to consume a quorum queue, bound to one routing key; a message is acknowledged when it was handled.

    Returns the connection: the consumer lives as long as it is held.
    """
    connection = await aio_pika.connect(url)
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=PREFETCH)
    exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
    await channel.declare_exchange(DEAD_LETTERS, aio_pika.ExchangeType.DIRECT, durable=True)
    queue = await channel.declare_queue(queue_name, durable=True, arguments=QUEUE_ARGUMENTS)
    await queue.bind(exchange, routing_key)

    async def take(message: AbstractIncomingMessage) -> None:
        await handle(message.body)
        await message.ack()

    await queue.consume(take)
    return connection
