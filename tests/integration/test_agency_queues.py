"""An organisation that prefers AMQP: what comes into its inbox lies in its queue, as a thin event."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import aiormq
import pytest
from cloudevents.core.formats.json import JSONFormat
from pydantic import SecretStr, ValidationError
from sqlalchemy import select

from schemas import catalogue
from schemas.api.notifications import NotificationEvent
from schemas.messages.offers import Household, OfferMade
from schemas.vocabulary import ListKind
from services.chassis.broker.memory import InProcessBroker
from services.chassis.broker.port import Broker, Delivery, Message
from services.chassis.broker.rabbitmq import RabbitMQBroker
from services.chassis.broker.topology import Topology
from services.chassis.clock import system_clock, system_identifiers
from services.chassis.service import Service
from services.chassis.settings import Mode
from services.chassis.wiring import Surroundings, topology
from services.notifications.channels.amqp import queue
from services.notifications.settings import Settings
from services.notifications.wiring import NOTIFICATIONS
from tests.support.templates import sqlite_copy
from tests.support.waiting import until

WITH_A_QUEUE, WITHOUT = "coordination-north", "coordination-south"


class Running:
    """The notifications' service on a broker."""

    def __init__(self, settings: Settings, declared: Topology, url: str | None) -> None:
        self.queue = queue(settings.broker_prefix, WITH_A_QUEUE)
        self.settings, self._declared, self._url = settings, declared, url
        self.broker: Broker
        self.service: Service

    async def start(self) -> None:
        self.broker = (
            InProcessBroker(self._declared)
            if self._url is None
            else RabbitMQBroker(self._url, self._declared, name="notifications")
        )
        self.service = NOTIFICATIONS.build(self.settings, Surroundings(self.broker))
        await self.broker.start(self.service.ask_again)
        await self.service.start()
        await until(lambda: self.broker.connected and all(check() for check in self._connected()))

    def _connected(self) -> Sequence[object]:
        checks = self.service.checks
        return [checks["notifications-broker"], checks["notifications-consumer"]]

    async def stop(self) -> None:
        await self.service.drain()
        await self.service.stop()
        await self.broker.close()

    async def offer(self, recipient: str, number: int) -> UUID:
        """The registry makes an offer."""
        id_ = system_identifiers()
        made = OfferMade(
            vacancy_id=id_,
            version=1,
            offer_id=id_,
            list_kind=ListKind.SHELTER,
            recipient=recipient,
            household=Household(adults=1, children=number),
            deadline_at=datetime(2030, 1, 1, tzinfo=UTC),
            made_at=system_clock(),
        )
        event = catalogue.event(
            made,
            id=system_identifiers(),
            source="urn:nld:kvknr:00000000.registry",
            subject=str(id_),
            time=system_clock(),
        )
        message = Message(str(event.id), catalogue.routing_key(event), catalogue.encode(event))
        assert await self.broker.publish([message]) == (None,)
        return id_

    async def read(self, count: int) -> list[Delivery]:
        """What lies in the organisation's queue."""
        subscription = self.broker.subscribe(self.queue)
        found: list[Delivery] = []
        while len(found) < count:
            found += await subscription.batch(count - len(found))
        await subscription.acknowledge(found)
        await subscription.close()
        return found


@pytest.fixture(params=["memory", "rabbitmq"])
async def running(
    request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path, topology_prefix: str
) -> AsyncIterator[Running]:
    url = SecretStr(sqlite_copy(sqlite_template, tmp_path)["notifications"])
    settings = Settings(
        mode=Mode.EMBEDDED, database_url=url, broker_prefix=topology_prefix, agency_queues=f"{WITH_A_QUEUE} another"
    )
    declared = topology(topology_prefix, NOTIFICATIONS.queues(settings))
    broker_url = request.getfixturevalue("broker_url") if request.param == "rabbitmq" else None
    made = Running(settings, declared, broker_url)
    async with AsyncExitStack() as stack:
        await made.start()
        stack.push_async_callback(made.stop)
        yield made
    if broker_url is not None:
        await remove(broker_url, declared)


async def remove(url: str, declared: Topology) -> None:
    async with await aiormq.connect(url) as connection:
        channel = await connection.channel()
        for one in declared.queues:
            await channel.queue_delete(one.name)
            await channel.queue_delete(one.quarantine_name)
        for exchange in (declared.exchange, declared.dead_letter_exchange):
            await channel.exchange_delete(exchange)


async def test_what_comes_into_the_inbox_is_said_to_the_queue(running: Running) -> None:
    """In the order of the inbox, thin, in the form that a stranger's code reads; and to nobody who has none."""
    offers = [await running.offer(WITH_A_QUEUE, number) for number in range(3)]
    await running.offer(WITHOUT, 9)
    read = await running.read(3)
    events = [JSONFormat().read(None, delivery.body) for delivery in read]
    assert [event.get_subject() for event in events] == [str(offer) for offer in offers]
    assert [event.get_extension("sequence") for event in events] == [f"{number:020}" for number in (1, 2, 3)]
    first = json.loads(read[0].body)
    assert (first["type"], first["dataref"]) == (
        "nl.doorstroom.notifications.offer-made.v1",
        f"/registry/v1/offers/{offers[0]}",
    )
    assert "data" not in first
    assert NotificationEvent.model_validate(first, strict=False).id == UUID(read[0].message_id)
    outbox = running.service.tables.outbox
    said = await running.service.transactions.read(lambda unit: unit.execute(select(outbox.c.routing_key)))
    told = [row.routing_key for row in said if row.routing_key.startswith("nl.doorstroom.notifications.")]
    assert told == [f"nl.doorstroom.notifications.{WITH_A_QUEUE}"] * 3


async def test_a_queue_that_nobody_reads_holds_nothing_up(running: Running) -> None:
    """Its owner may stay away: the service's own messages go on, and nothing waits in the outbox."""
    for number in range(20):
        await running.offer(WITH_A_QUEUE, number)
    assert await running.service.drain()
    assert len(await running.read(20)) == 20


async def test_a_lost_queue_is_filled_again(
    tmp_path: Path, sqlite_template: Path, topology_prefix: str, broker_url: str
) -> None:
    """What was said to it since it was lost, and before: each may come twice, under the same id."""
    url = SecretStr(sqlite_copy(sqlite_template, tmp_path)["notifications"])
    settings = Settings(mode=Mode.EMBEDDED, database_url=url, broker_prefix=topology_prefix, agency_queues=WITH_A_QUEUE)
    declared = topology(topology_prefix, NOTIFICATIONS.queues(settings))
    running = Running(settings, declared, broker_url)
    await running.start()
    offers = {str(await running.offer(WITH_A_QUEUE, number)) for number in range(3)}
    before = {delivery.message_id for delivery in await running.read(3)}
    await running.stop()
    async with await aiormq.connect(broker_url) as connection:
        await (await connection.channel()).queue_delete(running.queue.name)
    await running.start()
    again = await running.read(3)
    await running.stop()
    await remove(broker_url, declared)
    assert {delivery.message_id for delivery in again} == before
    assert {json.loads(delivery.body)["subject"] for delivery in again} == offers


@pytest.mark.parametrize("given", ["no;thing", "-x", "a  *", "a.b#", "x" * 65])
def test_names_that_could_mean_more_than_one_queue_are_refused(given: str) -> None:
    """The name of an organisation stands in a routing key, where some characters are patterns."""
    with pytest.raises(ValidationError):
        Settings(mode=Mode.EMBEDDED, database_url=SecretStr("sqlite:///x"), agency_queues=given)
