"""RabbitMQ and services killed in the worst moments: nothing is lost, and nothing is done twice."""

import asyncio
import os
import re
import signal
import sys
from collections import Counter
from pathlib import Path
from uuid import UUID, uuid4

from services.chassis.background import Background
from services.chassis.broker.rabbitmq import RabbitMQBroker, RabbitMQSettings
from services.cli.servers import PrivateRabbitMQ
from tests.support.counting import Counting, counting_topology
from tests.support.waiting import eventually, until

SUBJECT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
QUICK = RabbitMQSettings(publish_timeout_seconds=2.0, longest_pause_seconds=0.3)


async def test_rabbitmq_killed_between_commit_and_publish(
    private_rabbitmq: PrivateRabbitMQ, postgresql_database_url: str, topology_prefix: str
) -> None:
    """Events are committed before, while and after the broker is dead; each has exactly one effect."""
    topology = counting_topology(topology_prefix)
    broker = RabbitMQBroker(private_rabbitmq.url, topology, name="killed", settings=QUICK)
    counting = Counting(postgresql_database_url, broker, topology)
    await counting.create()
    counting.transactions.hand_over = counting.relay.hand_over
    background = Background()
    recorded: list[UUID] = []

    async def record_forever() -> None:
        while True:
            subject = uuid4()
            await counting.record(subject)
            recorded.append(subject)
            await asyncio.sleep(0.002)

    await broker.start()
    await until(lambda: broker.connected)
    # RabbitMQ itself forgets a queue that was declared in the seconds before a kill; a clean restart makes it lasting.
    await asyncio.to_thread(private_rabbitmq.stop)
    await asyncio.to_thread(private_rabbitmq.start)
    await until(lambda: broker.connected)
    background.start("relay", counting.relay.run)
    background.start("consumer", counting.consumer.run)
    recording = asyncio.create_task(record_forever())
    try:
        await until(lambda: len(recorded) > 100)
        await asyncio.to_thread(private_rabbitmq.kill)
        await until(lambda: not broker.connected)
        at_the_kill = len(recorded)
        await until(lambda: len(recorded) > at_the_kill + 100)
        assert await counting.unsent() >= 100
        await asyncio.to_thread(private_rabbitmq.start)
        await until(lambda: broker.connected)
        await until(lambda: len(recorded) > at_the_kill + 200)
        recording.cancel()
        await asyncio.wait([recording])

        async def all_sent() -> bool:
            return await counting.unsent() == 0

        async def all_done() -> bool:
            return len(await counting.effects()) >= len(recorded)

        await eventually(all_sent, 60)
        await eventually(all_done, 60)
    finally:
        recording.cancel()
        await background.stop()
        await broker.close()
    effects = Counter(await counting.effects())
    await counting.database.close()
    assert set(effects.values()) == {1}
    # The last one may have been committed while its task was being cancelled.
    assert set(recorded) <= set(effects)
    assert len(effects) - len(recorded) <= 1


WORKER = """
import asyncio, sys
from uuid import UUID
from services.chassis.background import Background
from services.chassis.broker.rabbitmq import RabbitMQBroker
from tests.support.counting import Counting, counting_topology

async def main(url, broker_url, prefix):
    topology = counting_topology(prefix)
    broker = RabbitMQBroker(broker_url, topology, name="worker")
    counting = Counting(url, broker, topology)
    counting.transactions.hand_over = counting.relay.hand_over
    await broker.start()
    background = Background()
    background.start("relay", counting.relay.run)
    background.start("consumer", counting.consumer.run)
    print("ready", flush=True)
    number = 0
    while True:
        number += 1
        subject = UUID(int=int(sys.argv[4]) * 1_000_000 + number)
        await counting.record(subject)
        print(subject, flush=True)

asyncio.run(main(*sys.argv[1:4]))
"""


async def test_a_service_killed_at_any_moment_loses_nothing(
    broker_url: str, postgresql_database_url: str, topology_prefix: str
) -> None:
    """Four processes in a row are ended with kill -9 while they commit, publish and consume."""
    topology = counting_topology(topology_prefix)
    broker = RabbitMQBroker(broker_url, topology, name="afterwards")
    counting = Counting(postgresql_database_url, broker, topology)
    await counting.create()
    said: set[UUID] = set()
    for life in range(1, 5):
        said |= await _live_and_die(life, 0.05 * life, [postgresql_database_url, broker_url, topology_prefix])
    background = Background()
    await broker.start()
    background.start("relay", counting.relay.run)
    background.start("consumer", counting.consumer.run)

    async def at_rest() -> bool:
        return await counting.unsent() == 0 and said <= set(await counting.effects())

    try:
        await eventually(at_rest, 60)
    finally:
        await background.stop()
        await broker.close()
    effects = Counter(await counting.effects())
    await counting.database.close()
    assert set(effects.values()) == {1}
    assert len(said) > 20


async def _live_and_die(life: int, seconds: float, arguments: list[str]) -> set[UUID]:
    """Start a worker, let it work for a moment, kill it, and give what it said to have committed."""
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, *arguments, str(life),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert worker.stdout is not None
    said: set[UUID] = set()
    try:
        async with asyncio.timeout(30):
            while len(said) < 10 * life:
                said |= _subjects(await worker.stdout.readline())
        await asyncio.sleep(seconds)
    finally:
        worker.send_signal(signal.SIGKILL)
    rest, _ = await worker.communicate()
    # The last line may be cut in the middle by the kill.
    return said | _subjects(rest)


def _subjects(output: bytes) -> set[UUID]:
    """The ids among the lines, which hold log messages as well."""
    return {UUID(line) for line in output.decode().splitlines() if SUBJECT.fullmatch(line)}
