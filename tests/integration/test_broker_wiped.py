"""A RabbitMQ that comes back with nothing: what its queues held is said again by itself, and nothing happens twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from services.chassis.broker.rabbitmq import RabbitMQBroker, RabbitMQSettings
from services.chassis.clock import system_clock, system_identifiers
from services.chassis.database import Row
from services.chassis.service import Service
from services.chassis.settings import Mode
from services.chassis.wiring import Surroundings, topology
from services.cli.embedded import SERVICES
from services.cli.servers import PrivateRabbitMQ
from services.notifications.tables import notifications
from services.registry.store.vault import KEY_FILE
from services.shelters.tables import units
from tests.support.templates import sqlite_copy
from tests.support.waiting import eventually
from tests.support.world import World

QUICK = RabbitMQSettings(publish_timeout_seconds=2.0, longest_pause_seconds=0.3)
OFFERS = 3


class Live(World):
    """The same services, each with a connection to RabbitMQ of its own, by the real clock."""

    def __init__(self, urls: dict[str, str], folder: Path, broker_url: str) -> None:
        super().__init__(urls)
        self._urls, self._folder, self._broker_url = urls, folder, broker_url
        self.clock = system_clock  # type: ignore[assignment] # nobody moves it
        self._brokers: dict[str, RabbitMQBroker] = {}

    async def begin(self, name: str) -> None:
        """Start one service."""
        definition = next(one for one in SERVICES if one.name == name)
        own = {"registry_key_file": self._folder / KEY_FILE}
        settings = definition.settings(mode=Mode.EMBEDDED, database_url=SecretStr(self._urls[name]), **own)
        queues = [definition.queue(settings.broker_prefix)]
        broker = RabbitMQBroker(self._broker_url, topology(settings.broker_prefix, queues), name=name, settings=QUICK)
        await self.services[name].transactions.database.close()
        service: Service = definition.build(settings, Surroundings(broker, system_clock, system_identifiers))
        self.services[name], self._brokers[name] = service, broker
        await broker.start(service.ask_again)
        await service.start()

    async def end(self, name: str) -> None:
        """Stop one service."""
        await self.services[name].stop()
        await self._brokers.pop(name).close()

    async def told(self) -> Sequence[Row]:
        return await self.rows("notifications", select(notifications))


@pytest.fixture
async def live(tmp_path: Path, sqlite_template: Path, private_rabbitmq: PrivateRabbitMQ) -> AsyncIterator[Live]:
    """All of them, running."""
    async with AsyncExitStack() as stack:
        world = Live(sqlite_copy(sqlite_template, tmp_path), tmp_path, private_rabbitmq.url)
        stack.push_async_callback(world.close)
        for definition in SERVICES:
            await world.begin(definition.name)
            stack.push_async_callback(world.end, definition.name)
        yield world


async def test_what_a_wiped_broker_lost_is_said_again(live: Live, private_rabbitmq: PrivateRabbitMQ) -> None:
    """Offers that nobody had been told of reach them, those that they knew do not come again, and all goes on."""
    for _ in range(2 * OFFERS):
        await live.join(days=3)

    async def offered(count: int) -> bool:
        return len(await live.offers("made")) == count

    for _ in range(OFFERS):
        await live.post_bed(await live.add_unit())
    await eventually(lambda: offered(OFFERS))

    async def all_told(count: int) -> bool:
        return len({row["subject"] for row in await live.told()}) == count

    await eventually(lambda: all_told(OFFERS))
    await live.end("notifications")
    for _ in range(OFFERS):
        await live.post_bed(await live.add_unit())
    await eventually(lambda: offered(2 * OFFERS))
    await eventually(lambda: nothing_unsent(live))
    await asyncio.to_thread(private_rabbitmq.wipe)
    await live.begin("notifications")
    await eventually(lambda: all_told(2 * OFFERS), 60)
    assert set(Counter(row["subject"] for row in await live.told()).values()) == {1}
    assert await offered(2 * OFFERS)
    await live.accept((await live.offers("made"))[0]["id"])

    async def reserved() -> bool:
        return "reserved" in {row["state"] for row in await live.rows("shelters", select(units))}

    await eventually(reserved)


async def nothing_unsent(live: Live) -> bool:
    """Whether the broker has confirmed everything that the registry said."""
    outbox = live.services["registry"].tables.outbox
    return not await live.rows("registry", select(outbox.c.id).where(outbox.c.sent_at.is_(None)))
