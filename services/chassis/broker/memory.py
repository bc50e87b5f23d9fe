"""The broker port inside one process, for the embedded mode: no server, and nothing kept but in the outboxes.

A publish is confirmed only after the consumer of every bound queue acknowledged it. So an outbox row is not marked sent
before it had its effect, and whatever is lost with the process is published again from the database.

Who has a bounded queue need not come: what is put there is confirmed at once, and is lost with the process.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from services.chassis.broker.outcomes import AWAY, FULL, IN_FLIGHT, UNROUTABLE, Batch
from services.chassis.broker.port import (
    CONTENT_TYPE,
    NO_HEADERS,
    Delivery,
    Loss,
    Message,
    NotConfirmed,
    PublishError,
    Subscription,
    SubscriptionClosed,
    checked_limit,
    checked_messages,
    nothing_lost,
)
from services.chassis.broker.topology import Bound, Queue, Topology, matches

QUEUE_LIMIT = 10_000
"""How many messages one queue holds, waiting and unsettled together; a publish beyond it is not confirmed."""

PUBLISH_TIMEOUT_SECONDS = 5.0
ROUTES_REMEMBERED = 1024

CLOSED = NotConfirmed("The broker was closed before every consumer acknowledged the message.")


class _Publish:
    """One message, and how many queues have still to acknowledge it."""

    __slots__ = ("batch", "index", "message", "open")

    def __init__(self, message: Message, batch: Batch, index: int, copies: int) -> None:
        self.message = message
        self.batch = batch
        self.index = index
        self.open = copies


class _Copy:
    """One message in one queue."""

    __slots__ = ("publish", "put_at", "requeues", "seen")

    def __init__(self, publish: _Publish) -> None:
        self.publish = publish
        self.seen = False
        self.requeues = 0
        self.put_at = 0.0


class _Line:
    """The waiting and unsettled copies of one queue, and the line of those that it has delivered too often."""

    def __init__(self, queue: Queue, dead_letters: "_Line | None" = None) -> None:
        self.queue = queue
        self.dead_letters = dead_letters
        self.waiting: deque[_Copy] = deque()
        self.unsettled: set[_Copy] = set()
        self.changed = asyncio.Event()

    @property
    def full(self) -> bool:
        return self.awaited and len(self.waiting) + len(self.unsettled) >= QUEUE_LIMIT

    @property
    def awaited(self) -> bool:
        """Whether a publish is confirmed only after the consumer acknowledged it."""
        return self.queue.bound is None

    def put(self, copy: _Copy) -> None:
        copy.put_at = asyncio.get_running_loop().time()
        self.waiting.append(copy)
        self._drop(self.queue.bound)
        self.changed.set()

    def ready(self) -> bool:
        """Whether anything can be taken."""
        self._drop(self.queue.bound)
        return bool(self.waiting)

    def _drop(self, bound: Bound | None) -> None:
        """Give up what is over the length of a bounded queue, or over its age; a dead letter is forgotten."""
        if bound is None:
            return
        oldest_at = asyncio.get_running_loop().time() - bound.seconds
        while self.waiting and (len(self.waiting) > bound.messages or self.waiting[0].put_at < oldest_at):
            dropped = self.waiting.popleft()
            if self.dead_letters is not None:
                self.dead_letters.put(dropped)

    def take(self, limit: int) -> list[_Copy]:
        taken = [self.waiting.popleft() for _ in range(min(limit, len(self.waiting)))]
        self.unsettled.update(taken)
        return taken

    def put_back(self, copies: Iterable[_Copy]) -> None:
        """Put these in front again, in the order they came in."""
        for copy in reversed(list(copies)):
            self.unsettled.discard(copy)
            copy.seen = True
            self.waiting.appendleft(copy)
        self.changed.set()

    def give_up(self, copy: _Copy) -> bool:
        """Move one that was given back too often to the dead letters, if it was and there are any."""
        copy.requeues += 1
        if self.dead_letters is None or copy.requeues <= self.queue.delivery_limit:
            return False
        self.unsettled.discard(copy)
        self.dead_letters.put(copy)
        return True

    def withdraw(self, batch: Batch) -> Iterator[_Copy]:
        """Take out the copies of a batch that no consumer holds."""
        kept: deque[_Copy] = deque()
        for copy in self.waiting:
            if copy.publish.batch is batch:
                yield copy
            else:
                kept.append(copy)
        self.waiting = kept


class InProcessBroker:
    """Queues in memory, routed and confirmed as a broker would."""

    shared = False

    def __init__(self, topology: Topology, *, publish_timeout_seconds: float = PUBLISH_TIMEOUT_SECONDS) -> None:
        """Prepare the queues of a topology."""
        self._lines = {queue.name: _Line(queue, _Line(queue)) for queue in topology.queues}
        self._publish_timeout_seconds = publish_timeout_seconds
        self._in_flight: dict[str, _Publish] = {}
        self._subscriptions: list[_InProcessSubscription] = []
        self._route = lru_cache(ROUTES_REMEMBERED)(self._find_route)
        self._closed = False
        self.connected = False

    async def start(self, before_making: Loss = nothing_lost) -> None:
        """Accept publishes from now on; calling it again changes nothing. What is lost here was never confirmed."""
        del before_making
        self.connected = not self._closed

    async def close(self) -> None:
        """End every publish in flight as NotConfirmed, and every subscription."""
        self._closed = True
        self.connected = False
        for publish in list(self._in_flight.values()):
            self._fail(publish, CLOSED)
        for subscription in self._subscriptions:
            await subscription.close()
        for line in self._every_line():
            line.waiting.clear()

    async def publish(self, messages: Sequence[Message]) -> Sequence[PublishError | None]:
        """Put messages in every bound queue and wait for the consumers, at most the publish timeout."""
        if not checked_messages(messages) or not self.connected:
            return (AWAY,) * len(messages)
        batch = Batch(len(messages))
        for index, message in enumerate(messages):
            refusal = self._send(batch, index, message)
            if refusal is not None:
                batch.settle(index, refusal)
        try:
            await batch.wait(self._publish_timeout_seconds)
        finally:
            if batch.open:
                self._withdraw(batch)
        return batch.outcomes

    def subscribe(self, queue: Queue) -> Subscription:
        """Consume from a queue of the topology; raise ValueError for another queue, or after closing."""
        return self._subscription(self._line(queue))

    def dead_letters(self, queue: Queue) -> Subscription:
        """Consume what a queue of the topology delivered too often; raise ValueError as `subscribe` does."""
        line = self._line(queue)
        return self._subscription(line.dead_letters or line)

    def settle(self, copy: _Copy) -> None:
        """One queue is done with its copy; the last one confirms the message."""
        copy.publish.open -= 1
        self._confirm(copy.publish)

    def _confirm(self, publish: _Publish) -> None:
        if publish.open == 0 and self._forget(publish):
            publish.batch.settle(publish.index, None)

    def _line(self, queue: Queue) -> _Line:
        line = self._lines.get(queue.name)
        if line is None or line.queue != queue or self._closed:
            message = f"Queue {queue.name} is not in the topology of this broker, or the broker was closed."
            raise ValueError(message)
        return line

    def _subscription(self, line: _Line) -> Subscription:
        self._subscriptions = [each for each in self._subscriptions if each.consuming]
        subscription = _InProcessSubscription(self, line)
        self._subscriptions.append(subscription)
        return subscription

    def _every_line(self) -> Iterator[_Line]:
        for line in self._lines.values():
            yield line
            if line.dead_letters is not None:
                yield line.dead_letters

    def _send(self, batch: Batch, index: int, message: Message) -> PublishError | None:
        lines = self._route(message.routing_key)
        if not lines:
            return UNROUTABLE
        if message.message_id in self._in_flight:
            return IN_FLIGHT
        if any(line.full for line in lines):
            return FULL
        publish = _Publish(message, batch, index, sum(line.awaited for line in lines))
        self._in_flight[message.message_id] = publish
        for line in lines:
            line.put(_Copy(publish))
        self._confirm(publish)
        return None

    def _find_route(self, routing_key: str) -> tuple[_Line, ...]:
        lines = self._lines.values()
        return tuple(line for line in lines if any(matches(pattern, routing_key) for pattern in line.queue.bindings))

    def _withdraw(self, batch: Batch) -> None:
        """Take back what no consumer holds: its publisher will try again, and copies must not pile up."""
        for line in self._every_line():
            for copy in line.withdraw(batch) if line.awaited else ():
                copy.publish.open -= 1
                if copy.publish.open == 0:
                    self._forget(copy.publish)

    def _fail(self, publish: _Publish, error: PublishError) -> None:
        if self._forget(publish):
            publish.batch.settle(publish.index, error)

    def _forget(self, publish: _Publish) -> bool:
        """Let the id be published again; False when that was so already."""
        current = self._in_flight.get(publish.message.message_id) is publish
        if current:
            del self._in_flight[publish.message.message_id]
        return current


class _InProcessSubscription:
    """One consumer's hold on a queue in memory."""

    def __init__(self, broker: InProcessBroker, line: _Line) -> None:
        self._broker = broker
        self._line = line
        # Ordered, so that what goes back keeps its order.
        self._held: dict[_Copy, None] = {}
        self.consuming = True

    async def batch(self, limit: int) -> Sequence[Delivery]:
        checked_limit(limit)
        while self.consuming and not self._line.ready():
            self._line.changed.clear()
            await self._line.changed.wait()
        if not self.consuming:
            message = f"The subscription to {self._line.queue.name} was closed."
            raise SubscriptionClosed(message)
        copies = self._line.take(limit)
        self._held.update(dict.fromkeys(copies))
        return [_delivery(copy, self._line.queue.name) for copy in copies]

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        for copy in self._release(deliveries):
            self._line.unsettled.discard(copy)
            if self._line.awaited:
                self._broker.settle(copy)

    async def requeue(self, deliveries: Sequence[Delivery]) -> None:
        self._line.put_back([copy for copy in self._release(deliveries) if not self._line.give_up(copy)])

    async def close(self) -> None:
        self.consuming = False
        self._line.put_back(self._held)
        self._held.clear()

    def _release(self, deliveries: Sequence[Delivery]) -> list[_Copy]:
        """Let go of what this subscription still holds; settling one twice, or after closing, changes nothing."""
        released: list[_Copy] = []
        for delivery in deliveries:
            copy = delivery.receipt
            if isinstance(copy, _Copy) and copy in self._held:
                del self._held[copy]
                released.append(copy)
        return released


def _delivery(copy: _Copy, queue: str) -> Delivery:
    message = copy.publish.message
    return Delivery(
        message_id=message.message_id,
        routing_key=message.routing_key,
        body=message.body,
        queue=queue,
        redelivered=copy.seen,
        content_type=CONTENT_TYPE,
        headers=NO_HEADERS,
        receipt=copy,
    )
