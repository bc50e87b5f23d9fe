"""A stranger reads our queue: the CloudEvents project's own Python SDK understands what it finds there."""

import json
from datetime import UTC, datetime
from uuid import UUID

from cloudevents.core.formats.json import JSONFormat

from schemas import catalogue
from services.chassis.background import Background
from services.chassis.broker.rabbitmq import RabbitMQBroker
from tests.support.counting import SOURCE, Counting, counting_topology
from tests.support.waiting import until

SUBJECT = UUID("019c0000-0000-7000-8000-000000000001")


async def test_the_cloudevents_sdk_reads_our_messages_off_the_queue(
    broker_url: str, postgresql_database_url: str, topology_prefix: str
) -> None:
    """Committed by a service, published by the relay, taken from a real queue, and read by someone else's code."""
    topology = counting_topology(topology_prefix)
    broker = RabbitMQBroker(broker_url, topology, name="sdk")
    counting = Counting(postgresql_database_url, broker, topology)
    await counting.create()
    counting.transactions.hand_over = counting.relay.hand_over
    background = Background()
    await broker.start()
    await until(lambda: broker.connected)
    background.start("relay", counting.relay.run)
    subscription = broker.subscribe(topology.queues[0])
    try:
        await counting.record(SUBJECT)
        (delivery,) = await subscription.batch(1)
        await subscription.acknowledge([delivery])
    finally:
        await background.stop()
        await broker.close()
        await counting.database.close()
    assert delivery.content_type == JSONFormat.CONTENT_TYPE
    event = JSONFormat().read(None, delivery.body)
    ours = catalogue.parse(delivery.body)
    assert event.get_id() == str(ours.id) == delivery.message_id
    assert event.get_type() == "nl.doorstroom.beds.departure-recorded.v1"
    assert event.get_source() == SOURCE
    assert event.get_subject() == str(SUBJECT)
    assert event.get_specversion() == "1.0"
    assert event.get_datacontenttype() == "application/json"
    assert event.get_extension("sequence") == f"{1:020}"
    assert abs((datetime.now(UTC) - event.get_time()).total_seconds()) < 60
    data = event.get_data()
    assert data == json.loads(delivery.body)["data"]
    assert data["vacancyId"] == str(SUBJECT)
