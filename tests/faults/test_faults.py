"""Real processes under real work, and everything that may befall them: nothing lost, nothing twice, nobody skipped."""

import asyncio
import os
import random
import time
from pathlib import Path

import pytest

from services.cli.distributed import REPLICAS
from tests.faults.accidents import ACCIDENTS, DEATHS, LONG, strike
from tests.faults.installation import installed
from tests.faults.users import Users
from tests.faults.verdict import is_all_well

pytestmark = pytest.mark.server

ROUNDS = int(os.environ.get("DOORSTROOM_FAULT_ROUNDS", "1"))
IS_LONG = ROUNDS > 1
ROUND = (
    *ACCIDENTS,
    *DEATHS,
    *("RabbitMQ killed",) * IS_LONG,
    *("service killed",) * 3,
    *("service asked to end",) * 2,
    *(LONG if IS_LONG else ()),
)


@pytest.mark.timeout(300 + 900 * ROUNDS)
async def test_whatever_befalls_real_processes_nothing_is_lost_doubled_or_skipped(data: Path) -> None:
    """And within 30 seconds after the last accident everything agrees, and nothing is under way."""
    chance = random.Random(20260301)
    async with installed(data, chance, dict.fromkeys(REPLICAS, 2) if IS_LONG else REPLICAS) as installation:
        users = Users(installation, chance)
        await users.begin()
        async with users.at_work():
            for number in range(ROUNDS):
                print(f"Round {number + 1} of {ROUNDS}; users {dict(users.counted)}", flush=True)  # noqa: T201 - asked for with -s
                for kind in chance.sample(ROUND, len(ROUND)):
                    await asyncio.sleep(chance.uniform(0.2, 1.5))
                    await strike(installation, kind)
            healed = time.monotonic()
            await installation.ready()
        count = await is_all_well(installation, users)
        seconds = time.monotonic() - healed
    print(f"{dict(installation.befell)}; users {dict(users.counted)}, told {[*map(len, users.told.values())]}")  # noqa: T201 - as above
    print(f"{count} allocations; 0 lost, 0 doubled, 0 skipped; {seconds:.1f} s to recover")  # noqa: T201 - as above
    assert count > ROUNDS * len(ROUND)
