"""The shelters' checks of themselves notice what they are for: a check that cannot fail would show nothing."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Update, delete, update

from services.shelters.checks import findings
from services.shelters.tables import facilities, stays, units
from tests.support.templates import sqlite_copy
from tests.support.world import World

OCCUPIED = units.c.state == "occupied"
FREE = units.c.state == "free"

DAMAGE = {
    "a free unit without a lease": (update(units).where(FREE).values(lease_expires_at=None), "no legal state"),
    "a free unit with an offer": (update(units).where(FREE).values(offer_id=units.c.id), "no legal state"),
    "a free unit in a closed facility": (update(units).where(FREE).values(closed=True), "no legal state"),
    "a state that there is none of": (update(units).where(FREE).values(state="lost"), "no legal state"),
    "an occupied unit with a lease": (
        update(units).where(OCCUPIED).values(lease_expires_at=stays.c.arrived_at).where(stays.c.unit_id == units.c.id),
        "no legal state",
    ),
    "a lease that ends too early": (
        update(units).where(FREE).values(lease_expires_at=units.c.available_from),
        "before the unit is available",
    ),
    "a stay that was forgotten": (delete(stays), "occupied unit without its stay"),
    "a household that never left": (
        update(units).where(OCCUPIED).values(state="out_of_service", vacancy_id=None, offer_id=None),
        "not occupied",
    ),
    "a question that nobody asked": (update(units).where(FREE).values(enquiring=True), "answer to nothing"),
    "a facility that moved": (update(facilities).values(region="limburg"), "differs from its facility"),
    "a facility closed behind its units": (update(facilities).values(closed=True), "differs from its facility"),
    "a departure before the arrival": (
        update(stays).values(departed_at=stays.c.arrived_at, arrived_at=datetime(2999, 1, 1, tzinfo=UTC)),
        "ended before it began",
    ),
}


@pytest.fixture
async def world(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[World]:
    """One household in a unit, and one unit free."""
    world = World(sqlite_copy(sqlite_template, tmp_path))
    await world.join()
    occupied = await world.add_unit()
    await world.post_bed(occupied)
    await world.settle()
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    await world.arrive(occupied)
    await world.post_bed(await world.add_unit())
    yield world
    await world.close()


@pytest.mark.parametrize(("damage", "finding"), DAMAGE.values(), ids=DAMAGE)
async def test_damage_is_found(world: World, damage: Update, finding: str) -> None:
    """Each by the check that it breaks; and nothing is found before."""
    assert await world.run("shelters", findings) == []
    await world.run("shelters", lambda unit: unit.execute(damage))
    assert finding in " ".join(await world.run("shelters", findings))
