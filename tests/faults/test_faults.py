"""Real processes under real work, and everything that may befall them: nothing lost, nothing twice, nobody skipped."""

import asyncio
import os
import random
import time
from pathlib import Path

import pytest
from sqlalchemy import Column, Table, select

from services.chassis.database import among
from services.cli.databases import opened
from services.notifications.tables import notifications
from services.registry.domain.programmes import Programmes
from services.registry.handlers.replay import Outcome, replay
from services.registry.tables import entries, offers, vacancies
from tests.faults.installation import Installation, installed
from tests.faults.users import Users

pytestmark = pytest.mark.server

ROUNDS = int(os.environ.get("DOORSTROOM_FAULT_ROUNDS", "1"))
ROUND = (
    *("service killed",) * 8,
    *("service asked to end",) * 3,
    *("service stopped and continued",) * 2,
    "PostgreSQL killed",
    "RabbitMQ killed",
    "RabbitMQ wiped",
)
RECOVERY_SECONDS = 30.0
EVERY_DECISION = 1_000_000


@pytest.fixture
def data(servers_folder: Path) -> Path:
    """A folder that the servers' own users may enter."""
    folder = servers_folder / f"faults-{os.urandom(4).hex()}"
    folder.mkdir(mode=0o711)
    return folder


@pytest.mark.timeout(200 + 300 * ROUNDS)
async def test_whatever_befalls_real_processes_nothing_is_lost_doubled_or_skipped(data: Path) -> None:
    """And within 30 seconds after the last accident everything agrees, and nothing is under way."""
    chance = random.Random(20260301)
    async with installed(data, chance) as installation:
        users = Users(installation.cast, chance)
        await users.begin()
        working = asyncio.create_task(users.work())
        for _ in range(ROUNDS):
            for kind in chance.sample(ROUND, len(ROUND)):
                await asyncio.sleep(chance.uniform(0.2, 1.5))
                assert not working.done(), working
                await installation.strike(kind)
        healed = time.monotonic()
        await installation.ready()
        users.stopping = True
        await working
        await _comes_to_rest(installation)
        seconds = time.monotonic() - healed
        await _told_is_true(installation, users)
        await _everyone_was_told(installation)
        count = await _every_decision_can_be_made_again(installation)
    print(f"{dict(installation.befell)}; users {dict(users.counted)}, told {[*map(len, users.told.values())]}")  # noqa: T201 - asked for with -s
    print(f"{count} allocations; 0 lost, 0 doubled, 0 skipped; {seconds:.1f} s to recover")  # noqa: T201 - as above
    assert count > ROUNDS * len(ROUND)


async def _comes_to_rest(installation: Installation) -> None:
    deadline = time.monotonic() + RECOVERY_SECONDS
    while found := await installation.findings():
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.5)


async def _told_is_true(installation: Installation, users: Users) -> None:
    """Whatever a user was told is done is in the database."""
    await _are_there(installation, entries, entries.c.id, users.told["joined"])
    await _are_there(installation, vacancies, vacancies.c.id, users.told["posted"])
    async with opened(installation.url("registry"), "registry") as transactions:
        query = select(offers.c.id).where(offers.c.state.in_(["accepted", "fulfilled", "fell_through"]))
        found = {row.id for row in await transactions.read(lambda unit: unit.execute(query))}
    assert users.told["accepted"] <= found
    assert all(users.told.values())


async def _are_there(installation: Installation, table: Table, column: "Column[object]", told: set[object]) -> None:
    async with opened(installation.url("registry"), "registry") as transactions:
        found = await transactions.read(
            lambda unit: unit.execute(select(column.label("id")).where(among(unit.connection, column, sorted(told))))
        )
    assert {row.id for row in found} == told, table.name


async def _everyone_was_told(installation: Installation) -> None:
    """There is a notification of each offer, and none of anything else."""
    found = []
    for service, column in (("registry", offers.c.id), ("notifications", notifications.c.subject)):
        async with opened(installation.url(service), service) as transactions:
            query = select(column.label("id")).distinct()
            found.append({row.id for row in await transactions.read(lambda unit, query=query: unit.execute(query))})  # type: ignore[misc] # mypy does not see it
    made, told = found
    assert told == made


async def _every_decision_can_be_made_again(installation: Installation) -> int:
    """Each gave it to whom the rules gave it; gives how many there were."""
    async with opened(installation.url("registry"), "registry") as transactions:
        again = await transactions.read(lambda unit: replay(unit, Programmes(), None, EVERY_DECISION))
    assert [item for item in again if item.outcome is not Outcome.SAME] == []
    return len(again)
