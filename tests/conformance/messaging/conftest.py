"""A service that counts, on both databases and both brokers: what runs of it is for each test to say."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from services.chassis import quarantine
from services.chassis.background import Background
from services.chassis.broker.memory import InProcessBroker
from services.chassis.broker.port import Broker
from services.chassis.broker.rabbitmq import RabbitMQBroker
from services.chassis.broker.topology import Topology
from services.chassis.quarantine import QuarantinedMessage
from tests.conftest import fresh_postgresql
from tests.support.counting import MESSAGES, Counting, Later, counting_topology
from tests.support.waiting import eventually, until

PAIRS = (("sqlite", "memory"), ("postgresql", "memory"), ("postgresql", "rabbitmq"))


class Setting:
    """A service that counts, its broker, and what runs of it."""

    def __init__(self, url: str, broker: Broker, topology: Topology) -> None:
        self.url, self.broker, self.topology = url, broker, topology
        self.clock = Later()
        self.counting = Counting(url, broker, topology, self.clock)

    @asynccontextmanager
    async def running(self, *parts: str) -> AsyncIterator[None]:
        """Run the relay, the consumer or both; fresh events go to the relay only while it runs."""
        background = Background()
        if "relay" in parts:
            self.counting.transactions.hand_over = self.counting.relay.hand_over
            background.start("relay", self.counting.relay.run)
        if "consumer" in parts:
            background.start("consumer", self.counting.consumer.run)
            background.start("dead-letters", self.counting.consumer.collect_dead_letters)
        try:
            yield
        finally:
            await background.stop()
            self.counting.transactions.hand_over = lambda _messages, _claimed_until: None

    async def until_effects(self, number: int) -> None:
        async def enough() -> bool:
            return len(await self.counting.effects()) >= number

        await eventually(enough)

    async def until_sent(self) -> None:
        async def sent() -> bool:
            return await self.counting.unsent() == 0

        await eventually(sent)

    async def waiting(self) -> list[QuarantinedMessage]:
        return await self.counting.transactions.read(lambda unit: quarantine.waiting(unit, MESSAGES.quarantine))


@pytest.fixture(params=PAIRS, ids="-".join)
async def setting(request: pytest.FixtureRequest, tmp_path: object, topology_prefix: str) -> AsyncIterator[Setting]:
    """The parts, connected, on an empty database."""
    database, kind = request.param
    topology = counting_topology(topology_prefix)
    async with AsyncExitStack() as stack:
        url = f"sqlite:///{tmp_path}/counting.sqlite3"
        if database == "postgresql":
            url = await stack.enter_async_context(fresh_postgresql(request.getfixturevalue("postgres_url")))
        broker: Broker = InProcessBroker(topology, publish_timeout_seconds=1.0)
        if kind == "rabbitmq":
            broker = RabbitMQBroker(request.getfixturevalue("broker_url"), topology, name="counting")
        await broker.start()
        stack.push_async_callback(broker.close)
        await until(lambda: broker.connected)
        made = Setting(url, broker, topology)
        stack.push_async_callback(made.counting.database.close)
        await made.counting.create()
        yield made
