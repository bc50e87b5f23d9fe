"""The broker port on RabbitMQ: one connection to publish, and one for each subscription."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence

from services.chassis.broker.port import Loss, Message, PublishError, Subscription, checked_messages, nothing_lost
from services.chassis.broker.rabbitmq.connection import Connection, Keeper, RabbitMQSettings, checked_url, ended
from services.chassis.broker.rabbitmq.declaration import Declaration
from services.chassis.broker.rabbitmq.publisher import Publisher
from services.chassis.broker.rabbitmq.subscription import RabbitMQSubscription
from services.chassis.broker.topology import Queue, Topology


class RabbitMQBroker:
    """Durable topic exchange, quorum queues, persistent and mandatory publishes with confirms."""

    shared = True

    def __init__(
        self,
        url: str,
        topology: Topology,
        *,
        name: str,
        settings: RabbitMQSettings | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare a client called `name` in the broker's tools: the service's name, nothing personal.

        `url` is amqp://user:password@host:port/vhost, or amqps:// with an optional TLS `context`. Raises ValueError,
        without repeating the URL, when it is not.
        """
        checked_url(url)
        self._url = url
        self._topology = topology
        self._name = name
        self._settings = settings or RabbitMQSettings()
        self._context = context
        self._declaration = Declaration(topology, self._settings.connect_timeout_seconds)
        self._publisher = Publisher(topology, self._declaration, self._settings)
        self._publishing: asyncio.Task[None] | None = None
        self._subscriptions: list[RabbitMQSubscription] = []
        self._closed = False

    @property
    def connected(self) -> bool:
        """Whether a publish can be tried at this moment."""
        return self._publisher.connected

    async def start(self, before_making: Loss = nothing_lost) -> None:
        """Begin to connect in the background; calling it again changes nothing."""
        self._declaration.before_making = before_making
        if self._publishing is None and not self._closed:
            self._publishing = self._keep("publish", self._publisher.serve)

    async def close(self) -> None:
        """Close every subscription and the publishing connection."""
        self._closed = True
        await asyncio.gather(*(subscription.close() for subscription in self._subscriptions))
        await ended(self._publishing)

    async def publish(self, messages: Sequence[Message]) -> Sequence[PublishError | None]:
        """Publish together; one outcome for each message, within the publish timeout."""
        return await self._publisher.publish(checked_messages(messages))

    def subscribe(self, queue: Queue) -> Subscription:
        """Consume from a queue of the topology; raise ValueError for another queue, or after closing."""
        self._check(queue)
        return self._subscribe(queue.name)

    def dead_letters(self, queue: Queue) -> Subscription:
        """Consume the quarantine of a queue of the topology; raise ValueError as `subscribe` does."""
        self._check(queue)
        return self._subscribe(queue.quarantine_name)

    def _check(self, queue: Queue) -> None:
        if queue not in self._topology.queues or self._closed:
            message = f"Queue {queue.name} is not in the topology of this broker, or the broker was closed."
            raise ValueError(message)

    def _subscribe(self, queue_name: str) -> Subscription:
        self._subscriptions = [each for each in self._subscriptions if not each.closed]
        subscription = RabbitMQSubscription(queue_name, self._declaration, self._settings)
        subscription.keeping = self._keep(f"consume {queue_name}", subscription.serve)
        self._subscriptions.append(subscription)
        return subscription

    def _keep(self, purpose: str, use: Callable[[Connection], Awaitable[None]]) -> asyncio.Task[None]:
        name = f"{self._name} {purpose}"
        keeper = Keeper(self._url, name, self._settings, use, self._context)
        return asyncio.create_task(keeper.run(), name=name)
