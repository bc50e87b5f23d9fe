"""What the broker port promises, held by the in-process bus and by RabbitMQ."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import pytest

from services.chassis.broker.port import (
    CONTENT_TYPE,
    Delivery,
    Message,
    NotConfirmed,
    Subscription,
    SubscriptionClosed,
    Unroutable,
)
from services.chassis.broker.topology import Bound, Queue, Topology
from tests.conformance.broker.conftest import BOUND, DELIVERY_LIMIT, Bench
from tests.support.waiting import until

SHORT_SECONDS = 0.2


def message(routing_key: str = "beds.freed", body: bytes = b'{"a":1}') -> Message:
    """A message with an id of its own."""
    return Message(str(uuid4()), routing_key, body)


@asynccontextmanager
async def collecting(bench: Bench, *queues: Queue) -> AsyncIterator[list[Delivery]]:
    """Consume and acknowledge everything in these queues, and keep what came."""
    collected: list[Delivery] = []
    subscriptions = [bench.broker.subscribe(queue) for queue in queues]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_collect(subscription, collected)) for subscription in subscriptions]
        try:
            yield collected
        finally:
            for task in tasks:
                task.cancel()
            for subscription in subscriptions:
                await subscription.close()


async def _collect(subscription: Subscription, collected: list[Delivery]) -> None:
    with suppress(SubscriptionClosed):
        while True:
            deliveries = await subscription.batch(10)
            collected.extend(deliveries)
            await subscription.acknowledge(deliveries)


async def take(subscription: Subscription, count: int) -> list[Delivery]:
    """Wait for exactly so many deliveries."""
    taken: list[Delivery] = []
    async with asyncio.timeout(20):
        while len(taken) < count:
            taken.extend(await subscription.batch(count - len(taken)))
    return taken


async def nothing_comes(subscription: Subscription) -> bool:
    """Whether the queue stays silent for a moment."""
    try:
        await asyncio.wait_for(subscription.batch(1), SHORT_SECONDS)
    except TimeoutError:
        return True
    return False


async def in_background(bench: Bench, messages: Sequence[Message]) -> "asyncio.Task[object]":
    """Publish without waiting for the outcome, which in one process comes only after the acknowledgement."""

    async def publish() -> object:
        return await bench.broker.publish(messages)

    return asyncio.create_task(publish())


async def test_a_message_reaches_every_queue_that_is_bound_and_no_other(bench: Bench) -> None:
    """The topic pattern decides, for each queue by itself."""
    async with collecting(bench, bench.beds, bench.everything) as collected:
        sent = [message("beds.freed"), message("offers.made.shelter"), message("beds.freed.late")]
        assert list(await bench.broker.publish(sent)) == [None, None, None]
        await until(lambda: len(collected) == 4)
    came = sorted((delivery.queue, delivery.routing_key) for delivery in collected)
    assert came == [
        (bench.beds.name, "beds.freed"),
        (bench.everything.name, "beds.freed"),
        (bench.everything.name, "beds.freed.late"),
        (bench.everything.name, "offers.made.shelter"),
    ]


async def test_a_delivery_is_what_was_published(bench: Bench) -> None:
    """Body, id, routing key and content type arrive unchanged, whatever the bytes."""
    sent = message(body=bytes(range(256)) * 600)
    async with collecting(bench, bench.beds, bench.everything) as collected:
        assert list(await bench.broker.publish([sent])) == [None]
        await until(lambda: len(collected) == 2)
    for delivery in collected:
        assert (delivery.message_id, delivery.routing_key, delivery.body) == (
            sent.message_id,
            sent.routing_key,
            sent.body,
        )
        assert delivery.content_type == CONTENT_TYPE
        assert not delivery.redelivered


async def test_an_unroutable_message_is_an_error_and_its_neighbours_are_confirmed(bench: Bench) -> None:
    """Nobody would ever receive it, so nobody may believe that it was sent."""
    async with collecting(bench, bench.beds, bench.everything):
        first, lost, last = await bench.broker.publish([message(), message("nobody.wants.this"), message()])
    assert first is None
    assert isinstance(lost, Unroutable)
    assert last is None


async def test_nothing_to_publish_has_no_outcome(bench: Bench) -> None:
    """An empty batch is no special case for the caller."""
    assert list(await bench.broker.publish([])) == []


async def test_messages_of_one_publish_arrive_in_order(bench: Bench) -> None:
    """A queue keeps the order in which it was written to."""
    sent = [message("offers.made.shelter", str(number).encode()) for number in range(300)]
    async with collecting(bench, bench.everything) as collected:
        assert not any(await bench.broker.publish(sent))
        await until(lambda: len(collected) == 300)
    assert [delivery.message_id for delivery in collected] == [item.message_id for item in sent]


async def test_a_batch_waits_for_the_first_and_takes_what_is_ready(bench: Bench) -> None:
    """Batching never adds waiting: one message alone is a batch."""
    subscription = bench.broker.subscribe(bench.everything)
    waiting = asyncio.create_task(subscription.batch(10))
    await asyncio.sleep(0)
    publishing = await in_background(bench, [message("offers.made.shelter")])
    alone = await asyncio.wait_for(waiting, 20)
    await subscription.acknowledge(alone)
    await publishing
    publishing = await in_background(bench, [message("offers.made.shelter") for _ in range(5)])
    rest = await take(subscription, 5)
    await subscription.acknowledge(rest)
    await publishing
    await subscription.close()
    assert (len(alone), len(rest)) == (1, 5)


async def test_an_acknowledged_message_never_comes_again(bench: Bench) -> None:
    """Not to this consumer, and not to the next."""
    subscription = bench.broker.subscribe(bench.everything)
    publishing = await in_background(bench, [message("offers.made.shelter")])
    await subscription.acknowledge(await take(subscription, 1))
    await publishing
    await subscription.close()
    again = bench.broker.subscribe(bench.everything)
    assert await nothing_comes(again)
    await again.close()


async def test_a_requeued_message_comes_again_and_says_so(bench: Bench) -> None:
    """The mark tells a consumer that the message may have had its effect."""
    subscription = bench.broker.subscribe(bench.everything)
    publishing = await in_background(bench, [message("offers.made.shelter")])
    first = await take(subscription, 1)
    await subscription.requeue(first)
    second = await take(subscription, 1)
    await subscription.acknowledge(second)
    await publishing
    await subscription.close()
    assert not first[0].redelivered
    assert second[0].redelivered
    assert first[0].message_id == second[0].message_id


async def test_what_a_closed_subscription_held_goes_to_another(bench: Bench) -> None:
    """A consumer that ends loses nothing."""
    first = bench.broker.subscribe(bench.everything)
    publishing = await in_background(bench, [message("offers.made.shelter") for _ in range(3)])
    held = await take(first, 3)
    await first.close()
    second = bench.broker.subscribe(bench.everything)
    again = await take(second, 3)
    await second.acknowledge(again)
    await publishing
    await second.close()
    assert sorted(item.message_id for item in again) == sorted(item.message_id for item in held)


async def test_settling_after_the_subscription_was_closed_changes_nothing(bench: Bench) -> None:
    """Its deliveries belong to someone else by then."""
    first = bench.broker.subscribe(bench.everything)
    publishing = await in_background(bench, [message("offers.made.shelter")])
    held = await take(first, 1)
    await first.close()
    await first.acknowledge(held)
    await first.requeue(held)
    second = bench.broker.subscribe(bench.everything)
    again = await take(second, 1)
    await second.acknowledge(again)
    await second.acknowledge(again)
    await publishing
    assert await nothing_comes(second)
    await second.close()


async def test_consumers_of_one_queue_share_it(bench: Bench) -> None:
    """Each message goes to one of them: this is how a service has replicas."""
    sent = [message("offers.made.shelter") for _ in range(60)]
    async with collecting(bench, bench.everything, bench.everything) as collected:
        assert not any(await bench.broker.publish(sent))
        await until(lambda: len(collected) == 60)
    assert sorted(item.message_id for item in collected) == sorted(item.message_id for item in sent)


async def test_a_closed_subscription_says_so_to_whoever_waits(bench: Bench) -> None:
    """A consumer that is being stopped does not hang."""
    subscription = bench.broker.subscribe(bench.everything)
    waiting = asyncio.create_task(subscription.batch(1))
    await asyncio.sleep(0)
    await subscription.close()
    with pytest.raises(SubscriptionClosed):
        await asyncio.wait_for(waiting, 5)
    await subscription.close()


async def test_what_is_delivered_too_often_becomes_a_dead_letter(bench: Bench) -> None:
    """A message that ends its consumer each time must not do so for ever; it is kept, under its first routing key."""
    subscription = bench.broker.subscribe(bench.everything)
    dead_letters = bench.broker.dead_letters(bench.everything)
    sent = message("offers.made.shelter")
    publishing = await in_background(bench, [sent])
    for _ in range(DELIVERY_LIMIT + 1):
        await subscription.requeue(await take(subscription, 1))
    dead = await take(dead_letters, 1)
    assert await nothing_comes(subscription)
    await dead_letters.acknowledge(dead)
    await publishing
    assert (dead[0].message_id, dead[0].routing_key, dead[0].body) == (sent.message_id, sent.routing_key, sent.body)
    await subscription.close()
    await dead_letters.close()


@pytest.mark.parametrize("limit", [0, -1, 1001])
async def test_a_batch_has_a_bound(bench: Bench, limit: int) -> None:
    """Neither nothing nor everything can be asked for."""
    subscription = bench.broker.subscribe(bench.beds)
    with pytest.raises(ValueError, match="1 to 1000"):
        await subscription.batch(limit)
    await subscription.close()


async def test_a_publish_has_a_bound(bench: Bench) -> None:
    """More than a thousand must be split by whoever sends them."""
    with pytest.raises(ValueError, match="at most 1000"):
        await bench.broker.publish([message() for _ in range(1001)])


@pytest.mark.parametrize("consume", [lambda broker: broker.subscribe, lambda broker: broker.dead_letters])
async def test_only_queues_of_the_topology_can_be_consumed(
    bench: Bench, consume: Callable[[object], Callable[[Queue], Subscription]]
) -> None:
    """A misspelt name is an error, not an empty queue."""
    with pytest.raises(ValueError, match="not in the topology"):
        consume(bench.broker)(Queue("another", ("x",)))


async def test_after_closing_nothing_is_confirmed_and_nothing_hangs(bench: Bench) -> None:
    """The publisher keeps its message, and may close again."""
    await bench.broker.close()
    outcomes = await asyncio.wait_for(bench.broker.publish([message()]), 5)
    assert isinstance(outcomes[0], NotConfirmed)
    assert not bench.broker.connected
    await bench.broker.close()
    with pytest.raises(ValueError, match="closed"):
        bench.broker.subscribe(bench.beds)


async def test_the_same_id_twice_at_once_is_confirmed_once_at_most_falsely_never(bench: Bench) -> None:
    """Two publishes in flight with one id could not be told apart, so the second is refused or has its own answer."""
    twice = message()
    async with collecting(bench, bench.beds, bench.everything) as collected:
        outcomes = await bench.broker.publish([twice, twice])
        await until(lambda: len(collected) >= 2)
    assert outcomes[0] is None
    assert isinstance(outcomes[1], NotConfirmed)


async def test_a_bounded_queue_needs_nobody_to_read_it(bench: Bench) -> None:
    """What is put there is confirmed, whether its reader is there or not."""
    sent = [message("notes.new", str(number).encode()) for number in range(2)]
    assert await bench.broker.publish(sent) == (None, None)
    subscription = bench.broker.subscribe(bench.bounded)
    taken = await take(subscription, 2)
    assert [delivery.message_id for delivery in taken] == [item.message_id for item in sent]
    await subscription.acknowledge(taken)
    assert await bench.broker.publish([message("notes.new")]) == (None,)
    await subscription.close()


async def test_a_bounded_queue_gives_up_the_oldest(bench: Bench) -> None:
    """What is over its length is a dead letter, and no publish ever has to wait for a reader."""
    sent = [message("notes.new", str(number).encode()) for number in range(5)]
    for item in sent:
        assert await bench.broker.publish([item]) == (None,)
    dead = bench.broker.dead_letters(bench.bounded)
    assert {delivery.message_id for delivery in await take(dead, 2)} == {item.message_id for item in sent[:2]}
    kept = bench.broker.subscribe(bench.bounded)
    assert [delivery.message_id for delivery in await take(kept, 3)] == [item.message_id for item in sent[2:]]
    for subscription in (dead, kept):
        await subscription.close()


async def test_a_bounded_queue_gives_up_what_is_too_old(bench: Bench) -> None:
    """Nobody is told after a time what mattered before it."""
    old = message("notes.new")
    assert await bench.broker.publish([old]) == (None,)
    await asyncio.sleep(BOUND.seconds + SHORT_SECONDS)
    new = message("notes.new")
    assert await bench.broker.publish([new]) == (None,)
    kept = bench.broker.subscribe(bench.bounded)
    assert [delivery.message_id for delivery in await take(kept, 1)] == [new.message_id]
    assert await nothing_comes(kept)
    await kept.close()


def test_a_queue_that_keeps_nothing_is_refused() -> None:
    """Also one whose name is the quarantine of another."""
    for bound in ((0, 1), (1, 0)):
        with pytest.raises(ValueError, match="at least one"):
            Bound(*bound)
    with pytest.raises(ValueError, match="same name"):
        Topology("events", (Queue("a", ("x",)), Queue("a.quarantine", ("y",))))
