"""A broker that several simulated processes share, with all that may go wrong on the way to it and back."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from services.chassis.broker.outcomes import AWAY, REFUSED, UNANSWERED, UNROUTABLE
from services.chassis.broker.port import (
    CONTENT_TYPE,
    NO_HEADERS,
    Delivery,
    Loss,
    Message,
    PublishError,
    Subscription,
    SubscriptionClosed,
    checked_limit,
    checked_messages,
    nothing_lost,
)
from services.chassis.broker.topology import Queue, Topology, matches
from services.chassis.errors import DoorstroomError
from services.cli.simulation.faults import Faults, Killed

PUBLISH_TIMEOUT_SECONDS = 5.0
MOST_COPIES = 5
DELIVERY_LIMIT = 10_000
"""Far more than a real queue has: here processes die so often that nothing else would ever be delivered."""


@dataclass(slots=True, eq=False)
class _Copy:
    message: Message
    deliveries: int = 0


@dataclass(slots=True, eq=False)
class _Line:
    """A durable queue, and its dead letters."""

    queue: Queue
    waiting: deque[_Copy] = field(default_factory=deque)
    held: dict[_Copy, "_Subscription"] = field(default_factory=dict)
    dead: "_Line | None" = None
    there: bool = True
    """Made by its service before all this began, and not lost since."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, copy: _Copy, place: int | None = None) -> None:
        self.waiting.insert(len(self.waiting) if place is None else place, copy)
        self.changed.set()

    def give_back(self, copies: Iterable[_Copy]) -> None:
        for copy in copies:
            self.held.pop(copy, None)
            copy.deliveries += 1
            if self.dead is not None and copy.deliveries > DELIVERY_LIMIT:
                self.dead.put(copy)
            else:
                self.put(copy, 0)


class SimulatedBroker:
    """Queues that outlive the processes that use them."""

    def __init__(self, topology: Topology, faults: Faults) -> None:
        self.faults = faults
        self.up = True
        self.lines = {queue.name: _Line(queue, dead=_Line(queue)) for queue in topology.queues}
        self._clients: list[Client] = []

    def client(self, queue: Queue) -> "Client":
        """A connection for one process, which consumes from this queue."""
        client = Client(self, queue)
        self._clients.append(client)
        return client

    def go_down(self) -> None:
        """Every connection is lost; what was confirmed is kept."""
        self.up = False
        for client in self._clients:
            client.drop()

    def come_back(self) -> None:
        """Accept connections again."""
        self.up = True
        for line in self._every():
            line.changed.set()

    def wipe(self) -> None:
        """Lose everything that was kept."""
        self.go_down()
        for line in self._every():
            line.waiting.clear()
            line.held.clear()
            line.there = False
        self.come_back()

    @property
    def empty(self) -> bool:
        """Whether no message is anywhere."""
        return not any(line.waiting or line.held for line in self._every())

    def forget(self, client: "Client") -> None:
        """A process is gone."""
        self._clients.remove(client)

    def route(self, message: Message) -> list[_Line]:
        """The queues that want it."""
        return [
            line
            for line in self.lines.values()
            if line.there and any(matches(pattern, message.routing_key) for pattern in line.queue.bindings)
        ]

    def _every(self) -> Iterable[_Line]:
        for line in self.lines.values():
            yield line
            if line.dead is not None:
                yield line.dead


class Client:
    """One process's connection to the broker."""

    shared = True

    def __init__(self, broker: SimulatedBroker, queue: Queue) -> None:
        self._broker = broker
        self._faults = broker.faults
        self._subscriptions: list[_Subscription] = []
        self._own = broker.lines[queue.name]
        self._before_making: Loss = nothing_lost
        self._declaring = asyncio.Lock()
        self.alive = True

    @property
    def connected(self) -> bool:
        """Whether a publish can be tried."""
        return self.alive and self._broker.up

    async def start(self, before_making: Loss = nothing_lost) -> None:
        """The connection is there when it is needed."""
        self._before_making = before_making

    async def declare(self) -> bool:
        """Make our queue where it is missing; False when that did not succeed."""
        if self._own.there and not self._declaring.locked():
            return True
        async with self._declaring:
            if not self._own.there:
                try:
                    await self._before_making([self._own.queue])
                except DoorstroomError:
                    return False
                self._check()
                if not self._broker.up:
                    return False
                self._own.there = True
                self._own.changed.set()
        return True

    async def close(self) -> None:
        """What was not settled goes back."""
        self.drop()

    def drop(self) -> None:
        """The line is cut: what was delivered and not settled goes back."""
        for subscription in self._subscriptions:
            subscription.give_back()

    def kill(self) -> None:
        """The process is no more."""
        self.alive = False
        self.drop()
        self._broker.forget(self)

    async def publish(self, messages: Sequence[Message]) -> Sequence[PublishError | None]:
        """Each message may be delayed, lost, kept and not confirmed, doubled, or put elsewhere in the queue."""
        checked_messages(messages)
        self._check()
        if not self.connected or not await self.declare():
            return (AWAY,) * len(messages)
        outcomes = [await self._publish(message) for message in messages]
        self._check()
        if UNANSWERED in outcomes:
            await asyncio.sleep(PUBLISH_TIMEOUT_SECONDS)
        return outcomes

    def subscribe(self, queue: Queue) -> Subscription:
        """Consume from a queue."""
        return self._subscription(self._broker.lines[queue.name])

    def dead_letters(self, queue: Queue) -> Subscription:
        """Consume what was delivered too often."""
        line = self._broker.lines[queue.name]
        return self._subscription(line.dead or line)

    def _subscription(self, line: _Line) -> "_Subscription":
        subscription = _Subscription(self, self._broker, line)
        self._subscriptions.append(subscription)
        return subscription

    async def _publish(self, message: Message) -> PublishError | None:
        faults, chance = self._faults, self._faults.chance
        if faults.strike("delay", "publish"):
            await asyncio.sleep(faults.seconds(3.0))
        if not self.connected:
            return AWAY
        if faults.strike("lost", message.message_id):
            return UNANSWERED
        lines = self._broker.route(message)
        if not lines:
            return UNROUTABLE
        for line in lines:
            copies = chance.randint(2, MOST_COPIES) if faults.strike("duplicate", message.message_id) else 1
            for _ in range(copies):
                place = chance.randint(0, len(line.waiting)) if faults.strike("reorder") else None
                line.put(_Copy(message), place)
        faults.trace.note("published", message.message_id)
        if faults.strike("late-confirm", message.message_id):
            return UNANSWERED
        return REFUSED if faults.strike("refused-though-kept", message.message_id) else None

    def _check(self) -> None:
        if not self.alive:
            raise Killed


class _Subscription:
    """A consumer's hold on one queue."""

    def __init__(self, client: Client, broker: SimulatedBroker, line: _Line) -> None:
        self._client = client
        self._broker = broker
        self._line = line
        self._held: dict[_Copy, None] = {}
        self._open = True

    @property
    def consuming(self) -> bool:
        return self._open and self._client.connected

    async def batch(self, limit: int) -> Sequence[Delivery]:
        checked_limit(limit)
        faults = self._broker.faults
        while True:
            if not self._open or not self._client.alive:
                raise SubscriptionClosed
            if self._broker.up and not await self._client.declare():
                await asyncio.sleep(faults.seconds(1.0))
                continue
            if self._broker.up and self._line.waiting:
                break
            self._line.changed.clear()
            await self._line.changed.wait()
        if faults.strike("slow-consumer", self._line.queue.name):
            await asyncio.sleep(faults.seconds(4.0))
            return await self.batch(limit)
        count = faults.chance.randint(1, min(limit, len(self._line.waiting)))
        taken = [self._line.waiting.popleft() for _ in range(count)]
        for copy in taken:
            self._line.held[copy] = self
        self._held.update(dict.fromkeys(taken))
        return [self._delivery(copy) for copy in taken]

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        for copy in self._release(deliveries):
            self._line.held.pop(copy, None)

    async def requeue(self, deliveries: Sequence[Delivery]) -> None:
        self._line.give_back(self._release(deliveries))

    async def close(self) -> None:
        self._open = False
        self.give_back()

    def give_back(self) -> None:
        held, self._held = list(self._held), {}
        self._line.give_back([copy for copy in held if self._line.held.get(copy) is self])

    def _release(self, deliveries: Sequence[Delivery]) -> list[_Copy]:
        """What this subscription still holds; settling after the line was cut changes nothing."""
        if not self._client.alive:
            raise Killed
        released = []
        for delivery in deliveries:
            copy = delivery.receipt
            if isinstance(copy, _Copy) and copy in self._held:
                del self._held[copy]
                released.append(copy)
        return released

    def _delivery(self, copy: _Copy) -> Delivery:
        message = copy.message
        return Delivery(
            message_id=message.message_id,
            routing_key=message.routing_key,
            body=message.body,
            queue=self._line.queue.name,
            redelivered=copy.deliveries > 0,
            content_type=CONTENT_TYPE,
            headers=NO_HEADERS,
            receipt=copy,
        )
