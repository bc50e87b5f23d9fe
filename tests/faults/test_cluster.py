"""Three nodes of RabbitMQ under load: one dies, stands still or is cut off, and leaders move; nothing is lost by it."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.faults.cluster import Node
from tests.faults.installation import Installation, installed
from tests.faults.users import Users
from tests.faults.verdict import is_all_well

pytestmark = pytest.mark.server

LONG = int(os.environ.get("DOORSTROOM_FAULT_ROUNDS", "1")) > 1
CUT_OFF_SECONDS = (10.0, 30.0) if LONG else (5.0,)
BETWEEN_SECONDS = 3.0


async def killed(node: Node, _others: list[Node]) -> None:
    """It comes back with what it had."""
    await asyncio.to_thread(node.kill)
    await asyncio.sleep(BETWEEN_SECONDS)
    await asyncio.to_thread(node.start)


async def stopped(node: Node, _others: list[Node]) -> None:
    """Its connections stay open, and nobody answers."""
    node.signal(signal.SIGSTOP)
    await asyncio.sleep(CUT_OFF_SECONDS[-1])
    node.signal(signal.SIGCONT)


async def cut_off(node: Node, others: list[Node]) -> None:
    """It is a minority, and answers nobody until it is back."""
    for seconds in CUT_OFF_SECONDS:
        await asyncio.to_thread(node.cut_off)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(node.rejoin, others)
        await asyncio.sleep(BETWEEN_SECONDS)


async def leaders_moved(_node: Node, nodes: list[Node]) -> None:
    """Each node leads all queues once."""
    for node in nodes:
        await asyncio.to_thread(node.lead)
        await asyncio.sleep(1.0)
        assert await asyncio.to_thread(node.leads) > 0, node.name


ACCIDENTS: tuple[Callable[[Node, list[Node]], Awaitable[None]], ...] = (killed, leaders_moved, stopped, cut_off)


@pytest.mark.timeout(600)
async def test_a_cluster_that_loses_a_node_loses_nothing_else(data: Path) -> None:
    """Whatever happens to one of three, the others go on, and everyone hears everything once."""
    chance = random.Random(20260303)
    async with installed(data, chance, clustered=True) as installation:
        users = Users(installation, chance)
        await users.begin()
        async with users.at_work():
            for accident in ACCIDENTS:
                await asyncio.sleep(BETWEEN_SECONDS)
                nodes = _nodes(installation)
                await accident(chance.choice(nodes), nodes)
            healed = time.monotonic()
            await installation.ready()
        count = await is_all_well(installation, users)
        seconds = time.monotonic() - healed
    done = ", ".join(accident.__name__ for accident in ACCIDENTS)
    print(f"cluster: {done}; {count} allocations; 0 lost, 0 doubled, 0 skipped; {seconds:.1f} s to recover")  # noqa: T201 - asked for with -s


def _nodes(installation: Installation) -> list[Node]:
    return [node for node in installation.brokers if isinstance(node, Node)]
