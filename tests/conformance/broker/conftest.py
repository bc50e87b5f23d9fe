"""Both brokers behind the port, each with a fresh exchange and three queues."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

import aiormq
import pytest

from services.chassis.broker.memory import InProcessBroker
from services.chassis.broker.port import Broker
from services.chassis.broker.rabbitmq import RabbitMQBroker, RabbitMQSettings
from services.chassis.broker.topology import Bound, Queue, Topology
from tests.support.waiting import until

DELIVERY_LIMIT = 3
BOUND = Bound(messages=3, seconds=1)


@dataclass(frozen=True, slots=True)
class Bench:
    """A started broker, and the queues that are bound on it."""

    broker: Broker
    beds: Queue
    everything: Queue
    bounded: Queue


def _topology(prefix: str) -> Topology:
    beds = Queue(f"{prefix}.beds", ("beds.*",), DELIVERY_LIMIT)
    everything = Queue(f"{prefix}.everything", ("beds.#", "offers.made.#"), DELIVERY_LIMIT)
    bounded = Queue(f"{prefix}.bounded", ("notes.*",), DELIVERY_LIMIT, BOUND)
    return Topology(f"{prefix}.events", (beds, everything, bounded))


@pytest.fixture(params=["memory", "rabbitmq"])
async def bench(request: pytest.FixtureRequest, topology_prefix: str) -> AsyncIterator[Bench]:
    """A broker that is connected."""
    topology = _topology(topology_prefix)
    async with AsyncExitStack() as stack:
        broker: Broker
        if request.param == "memory":
            broker = InProcessBroker(topology, publish_timeout_seconds=1.0)
        else:
            url = request.getfixturevalue("broker_url")
            broker = RabbitMQBroker(url, topology, name="conformance", settings=RabbitMQSettings())
            stack.push_async_callback(_remove, url, topology)
        await broker.start()
        stack.push_async_callback(broker.close)
        await until(lambda: broker.connected)
        yield Bench(broker, *topology.queues)


async def _remove(url: str, topology: Topology) -> None:
    connection = await aiormq.connect(url)
    with suppress(Exception):
        channel = await connection.channel()
        for queue in topology.queues:
            await channel.queue_delete(queue.name)
            await channel.queue_delete(queue.quarantine_name)
        await channel.exchange_delete(topology.exchange)
        await channel.exchange_delete(topology.dead_letter_exchange)
    await connection.close()
