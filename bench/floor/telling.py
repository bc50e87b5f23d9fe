"""The floor of telling somebody by a webhook: the durable hops alone, in one process."""

import json
from uuid import uuid4

from bench.floor.run import SUBJECT, station
from bench.floor.stations import TELLER_QUEUE, TOLD
from bench.floor.wire import EXCHANGES, Publisher
from bench.measure import Figure, latencies
from bench.product.telling import Telling, one_by_one
from bench.receiver import Received, receiving
from bench.servers import Servers
from bench.targets import WEBHOOK

MESSAGE_BYTES = 700
"""About as many as the product's own event has."""


async def measure(servers: Servers, load: Telling) -> list[Figure]:
    """Say one after the other, and return how long each took until its webhook was received."""
    received = Received()
    try:
        async with station(servers, "teller"), receiving(received) as address:
            publisher = await Publisher.connect(servers.broker_url)

            async def happens() -> None:
                told = {"id": str(uuid4()), "address": f"{address}/floor", "more": "x" * MESSAGE_BYTES}
                await publisher.publish(TOLD, json.dumps(told).encode())

            seconds = await one_by_one(happens, received, load.alone)
            await publisher.close()
        return latencies("e", SUBJECT, WEBHOOK, seconds)
    finally:
        await servers.delete([TELLER_QUEUE], EXCHANGES)
