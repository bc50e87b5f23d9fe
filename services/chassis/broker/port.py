"""What a service may ask of a message broker, whichever one is underneath.

The promise is at-least-once: a message counts as published only when every queue that wants it has it safely, and
counts as consumed only when the consumer said so. Duplicates are possible, so a consumer remembers what it handled.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from services.chassis.broker.topology import Queue

CONTENT_TYPE = "application/cloudevents+json"
"""Content type of a structured CloudEvent in JSON (CloudEvents 1.0, JSON event format)."""

NO_HEADERS: Mapping[str, object] = MappingProxyType({})
"""Headers of a message that has none."""

HIGHEST_BATCH = 1000
"""The largest number of messages that one `publish` or one `batch` takes."""


Loss = Callable[[Sequence[Queue]], Awaitable[None]]
"""Called with the queues that are not there before they are made, at the first start or after the broker lost them."""


async def nothing_lost(_queues: Sequence[Queue]) -> None:
    """For whoever has nothing that could be lost."""


class PublishError(Exception):
    """A message is not known to be in every queue that wants it; `reason` says why, without any content."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason


class Unroutable(PublishError):
    """No queue is bound for the message's routing key. The topology is wrong; trying again at once will not help."""


class NotConfirmed(PublishError):
    """The broker refused, stayed silent or is away. The message may or may not have arrived: publish it again later."""


class SubscriptionClosed(Exception):
    """The subscription was closed, so no more deliveries come from it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to publish.

    `message_id` is the CloudEvent's id; `body` is the structured CloudEvent. The id and the routing key appear in logs
    and in the broker's tools, so neither may hold personal data. `counted_as` is what it is called where messages are
    counted, when the routing key tells more than what kind of message it is.
    """

    message_id: str
    routing_key: str
    body: bytes = field(repr=False)
    counted_as: str = ""


@dataclass(slots=True, eq=False)
class Delivery:
    """One message received from a queue, to be acknowledged or requeued on the subscription that gave it.

    `headers` hold what the publisher sent beside the body, such as the attributes of a binary-mode CloudEvent (`ce-`,
    `cloudEvents_` and `cloudEvents:` forms). `redelivered` is true when the message may have been delivered before.
    `receipt` belongs to the broker.
    """

    message_id: str
    routing_key: str
    body: bytes = field(repr=False)
    queue: str
    redelivered: bool
    content_type: str
    headers: Mapping[str, object] = field(repr=False)
    receipt: object = field(repr=False)


class Subscription(Protocol):
    """A consumer's hold on one queue. It outlives its connection, and consumes again when the broker is back."""

    @property
    def consuming(self) -> bool:
        """Whether deliveries are coming at this moment; readiness depends on it."""
        ...

    async def batch(self, limit: int) -> Sequence[Delivery]:
        """Wait for at least one delivery, then take what is ready, at most `limit` (1 to 1000).

        Raises SubscriptionClosed when the subscription is closed, also while waiting.
        """
        ...

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Let the broker forget these deliveries. Harmless after the connection they came over was lost."""
        ...

    async def requeue(self, deliveries: Sequence[Delivery]) -> None:
        """Give these deliveries back, to be delivered again and marked `redelivered`.

        Harmless after their connection was lost. Beyond the queue's delivery limit they become its dead letters.
        """
        ...

    async def close(self) -> None:
        """Stop consuming; deliveries that were not settled go back to the queue. Safe to call twice."""
        ...


class Broker(Protocol):
    """A connection to a broker that repairs itself."""

    @property
    def connected(self) -> bool:
        """Whether a publish can be tried at this moment."""
        ...

    @property
    def shared(self) -> bool:
        """Whether other processes may publish from the same outbox; within one process nobody else can."""
        ...

    async def start(self, before_making: Loss = nothing_lost) -> None:
        """Connect in the background. Does not fail when the broker is away.

        When queues of the topology are not there, `before_making` is called, and only then they are made: they stay
        missing as long as that raises. A broker that keeps nothing when it ends never calls it.
        """
        ...

    async def close(self) -> None:
        """End every publish and subscription. Publishes still in flight end as NotConfirmed. Safe to call twice."""
        ...

    async def publish(self, messages: Sequence[Message]) -> Sequence[PublishError | None]:
        """Publish 0 to 1000 messages together and wait for the outcome of each, in the same order.

        None means that the broker has this very message safely in at least one queue. Never raises for a broker that is
        away or silent: it ends within the publish timeout, and at once while disconnected. Raises ValueError for more
        than 1000 messages.
        """
        ...

    def subscribe(self, queue: Queue) -> Subscription:
        """Begin to consume from a queue of the topology; deliveries come as soon as the broker is there."""
        ...

    def dead_letters(self, queue: Queue) -> Subscription:
        """Begin to consume what this queue of the topology has delivered too often; each has its first routing key."""
        ...


def checked_limit(limit: int) -> int:
    """Return a batch limit that lies between 1 and 1000; raise ValueError for any other."""
    if not 1 <= limit <= HIGHEST_BATCH:
        message = f"A batch takes 1 to {HIGHEST_BATCH} deliveries, not {limit}."
        raise ValueError(message)
    return limit


def checked_messages(messages: Sequence[Message]) -> Sequence[Message]:
    """Return at most 1000 messages; raise ValueError for more."""
    if len(messages) > HIGHEST_BATCH:
        message = f"A publish takes at most {HIGHEST_BATCH} messages, not {len(messages)}: split it."
        raise ValueError(message)
    return messages
