"""Messages that nobody should ever send, thousands of them, while everyone works: all are kept, and harm nobody."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from schemas import catalogue
from schemas.export.examples import typical
from services.chassis.broker.port import Message
from services.chassis.broker.rabbitmq import RabbitMQBroker
from services.chassis.broker.topology import matches
from services.chassis.settings import DEFAULT_PREFIX
from services.chassis.wiring import topology
from services.cli.databases import TABLES, opened
from services.cli.embedded import SERVICES
from tests.faults.installation import Installation, installed
from tests.faults.users import Users
from tests.faults.verdict import is_all_well
from tests.support.waiting import eventually, until

pytestmark = pytest.mark.server

MESSAGES = 10_000
BATCH = 250
DEPTH = 5_000
OTHERS = {"registry": "shelters", "shelters": "municipalities", "municipalities": "registry", None: "registry"}

Json = dict[str, Any]


def random_bytes(chance: random.Random, _event: Json) -> bytes:
    return chance.randbytes(chance.randint(1, 2_000))


def deep(chance: random.Random, _event: Json) -> bytes:
    depth = chance.randint(1_000, DEPTH)
    return b"[" * depth + str(chance.random()).encode() + b"]" * depth


def a_huge_integer(chance: random.Random, event: Json) -> bytes:
    event["data"]["version"] = 10 ** chance.randint(20, 4_000) + chance.randint(0, 10**9)
    return json.dumps(event).encode()


def a_wrong_type(chance: random.Random, event: Json) -> bytes:
    name = chance.choice(list(event["data"]))
    event["data"][name] = [chance.choice([{}, [], chance.random()])]
    return json.dumps(event).encode()


def a_wrong_version(chance: random.Random, event: Json) -> bytes:
    event["type"] = event["type"].removesuffix("1") + str(chance.randint(2, 10**6))
    return json.dumps(event).encode()


def a_forged_source(chance: random.Random, event: Json) -> bytes:
    owner = catalogue.BY_TYPE[event["type"]].owner
    event["source"] = f"urn:nld:kvknr:{chance.randint(10**7, 10**8 - 1)}.{OTHERS[owner]}"
    # Of what anyone may say, nothing is forged but a name that is none.
    return json.dumps(event if owner is not None else {**event, "source": "https://example.org/"}).encode()


def a_missing_field(chance: random.Random, event: Json) -> bytes:
    del event["data"][chance.choice(["version", *event["data"]])]
    return json.dumps({**event, "time": chance.random()}).encode()


HOSTILE: tuple[Callable[[random.Random, Json], bytes], ...] = (
    random_bytes,
    deep,
    a_huge_integer,
    a_wrong_type,
    a_wrong_version,
    a_forged_source,
    a_missing_field,
)


def hostile(chance: random.Random, number: int) -> Message:
    """One message that says nothing, on a way that a real one would take."""
    message_type = chance.choice(catalogue.MESSAGES)
    event = typical(message_type)
    event["id"] = str(UUID(int=chance.getrandbits(128), version=4))
    body = HOSTILE[number % len(HOSTILE)](chance, event)
    return Message(event["id"], chance.choice(message_type.routing_keys), body)


@pytest.mark.timeout(600)
async def test_thousands_of_hostile_messages_are_kept_and_harm_nobody(data: Path) -> None:
    """Random bytes, deep nesting, huge numbers, wrong types and versions, forged sources: each is in quarantine."""
    chance = random.Random(20260305)
    messages = [hostile(chance, number) for number in range(MESSAGES)]
    wanted = {
        definition.name: len(
            {
                message.body
                for message in messages
                if any(matches(pattern, message.routing_key) for pattern in definition.queue(DEFAULT_PREFIX).bindings)
            }
        )
        for definition in SERVICES
    }
    assert sum(wanted.values()) >= MESSAGES // 2
    async with installed(data, chance) as installation:
        users = Users(installation, chance)
        await users.begin()
        async with users.at_work():
            await publish(installation, messages)
            await eventually(lambda: are_kept(installation, wanted), 120)
        count = await is_all_well(installation, users)
    print(f"{MESSAGES} hostile messages, kept: {wanted}; {count} allocations meanwhile")  # noqa: T201 - asked for with -s
    assert count


async def publish(installation: Installation, messages: list[Message]) -> None:
    """By somebody who has the right to publish; what nobody wants comes back."""
    broker = RabbitMQBroker(installation.rabbitmq.url, topology(DEFAULT_PREFIX, []), name="hostile")
    await broker.start()
    try:
        await until(lambda: broker.connected)
        for start in range(0, len(messages), BATCH):
            await broker.publish(messages[start : start + BATCH])
    finally:
        await broker.close()


async def are_kept(installation: Installation, wanted: dict[str, int]) -> bool:
    """Whether every one of them is in quarantine, in each service that was to hear it."""
    for name, count in wanted.items():
        query = select(func.count().label("count")).select_from(TABLES[name].quarantine)
        async with opened(installation.url(name), name) as transactions:
            (row,) = await transactions.read(lambda unit, query=query: unit.execute(query))  # type: ignore[misc] # mypy does not see it
        if row.count != count:
            return False
    return True
