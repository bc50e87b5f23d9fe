"""What must be true when everything is over."""

import asyncio
import time

from sqlalchemy import Column, Table, select

from services.chassis.database import one_of
from services.cli.databases import opened
from services.notifications.tables import notifications
from services.registry.domain.programmes import Programmes
from services.registry.handlers.replay import Outcome, replay
from services.registry.store.references import References
from services.registry.tables import entries, offers, vacancies
from tests.faults.installation import Installation
from tests.faults.users import Users

RECOVERY_SECONDS = 30.0
EVERY_DECISION = 1_000_000


async def is_all_well(installation: Installation, users: Users) -> int:
    """At rest in time, whatever was told is true, everyone was told, and each decision comes out the same: how many."""
    await comes_to_rest(installation)
    await told_is_true(installation, users)
    await everyone_was_told(installation)
    return await every_decision_can_be_made_again(installation)


async def comes_to_rest(installation: Installation) -> None:
    """Within 30 seconds everything agrees, and nothing is under way."""
    deadline = time.monotonic() + RECOVERY_SECONDS
    while found := await installation.findings():
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.5)


async def told_is_true(installation: Installation, users: Users) -> None:
    """Whatever a user was told is done is in the database."""
    await _are_there(installation, entries, entries.c.id, await _joined(installation, users))
    await _are_there(installation, vacancies, vacancies.c.id, users.told["posted"])
    async with opened(installation.url("registry"), "registry") as transactions:
        query = select(offers.c.id).where(offers.c.state.in_(["accepted", "fulfilled", "fell_through"]))
        found = {row.id for row in await transactions.read(lambda unit: unit.execute(query))}
    assert users.told["accepted"] <= found
    assert all(users.told.values())


async def _joined(installation: Installation, users: Users) -> set[object]:
    """The entries that coordinators know by references of their own."""
    async with opened(installation.url("registry"), "registry") as transactions:
        references = References()
        return {
            (await transactions.read(lambda unit, whose=whose: references.of(unit, whose))).meant_by(reference)  # type: ignore[misc] # mypy does not see it
            for reference, whose in users.knows.items()
        }


async def _are_there(installation: Installation, table: Table, column: "Column[object]", told: set[object]) -> None:
    async with opened(installation.url("registry"), "registry") as transactions:
        found = await transactions.read(
            lambda unit: unit.execute(select(column.label("id")).where(one_of(column, "ids")), {"ids": told})
        )
    assert {row.id for row in found} == told, table.name


async def everyone_was_told(installation: Installation) -> None:
    """There is a notification of each offer, and none of anything else."""
    found = []
    for service, column in (("registry", offers.c.id), ("notifications", notifications.c.subject)):
        async with opened(installation.url(service), service) as transactions:
            query = select(column.label("id")).distinct()
            found.append({row.id for row in await transactions.read(lambda unit, query=query: unit.execute(query))})  # type: ignore[misc] # mypy does not see it
    made, told = found
    assert told == made


async def every_decision_can_be_made_again(installation: Installation) -> int:
    """Each gave it to whom the rules gave it; gives how many there were."""
    async with opened(installation.url("registry"), "registry") as transactions:
        again = await transactions.read(lambda unit: replay(unit, Programmes(), None, EVERY_DECISION))
    assert [item for item in again if item.outcome is not Outcome.SAME] == []
    return len(again)
