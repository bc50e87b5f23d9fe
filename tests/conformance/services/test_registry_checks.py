"""Each of the registry's checks notices what it is for: one that cannot fail would show nothing."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Update, delete, select, update

from services.registry.checks import findings
from services.registry.domain.model import Entry
from services.registry.handlers.reports import NO_ONE
from services.registry.store.codec import encode_terms
from services.registry.tables import decisions, entries, offers, vacancies
from tests.support.templates import sqlite_copy
from tests.support.world import World

DAMAGE = {
    "offer whose vacancy is in another state": update(vacancies).values(state="open"),
    "offer whose entry is in another state": update(entries).values(state="waiting"),
    "offered vacancy without an offer": update(offers).values(state="revoked"),
    "offered entry without an offer": update(offers).values(state="expired"),
    "filled vacancy without a placement": update(vacancies).values(state="filled"),
    "placed entry without a placement": update(entries).values(state="placed"),
    "open offer that was answered, or an outcome without its moment": update(offers).values(state="declined"),
    "open offer of a place that is not for them": update(vacancies).values(terms=encode_terms(NO_ONE)),
    "pause without a reason, or a reason without a pause": update(entries).values(pause_reason="requested"),
}


@pytest.fixture
async def damaged_world(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[World]:
    """A world that a test may damage."""
    world = World(sqlite_copy(sqlite_template, tmp_path))
    yield world
    await world.close()


async def offered(world: World) -> Entry:
    entry = await world.join()
    await world.post_bed(await world.add_unit())
    await world.settle()
    assert await world.run("registry", findings) == []
    return entry


@pytest.mark.parametrize("what", sorted(DAMAGE))
async def test_states_that_do_not_agree_are_found(damaged_world: World, what: str) -> None:
    """The one thing that was damaged is among the findings, with an id and nothing else."""
    await offered(damaged_world)
    damage: Update = DAMAGE[what]
    await damaged_world.run("registry", lambda unit: unit.execute(damage))
    found = await damaged_world.run("registry", findings)
    assert any(finding.startswith(f"{what}: ") for finding in found)


@pytest.mark.parametrize(
    ("state", "what"),
    [("accepted", "case with two accepted places in shelters"), ("fulfilled", "case with two places in shelters")],
)
async def test_a_case_with_two_places_in_shelters_is_found(damaged_world: World, state: str, what: str) -> None:
    """One household, one bed."""
    entry = await offered(damaged_world)
    await offered(damaged_world)
    twice = update(offers).values(state=state, case_id=entry.case_id, decided_at=damaged_world.clock())
    await damaged_world.run("registry", lambda unit: unit.execute(twice))
    assert f"{what}: {entry.case_id}" in await damaged_world.run("registry", findings)


async def test_an_offer_that_nobody_explained_is_found(damaged_world: World) -> None:
    """Every offer has its decision."""
    await offered(damaged_world)
    await damaged_world.run("registry", lambda unit: unit.execute(delete(decisions)))
    (offer,) = await damaged_world.rows("registry", select(offers.c.id))
    assert await damaged_world.run("registry", findings) == [f"offer without the decision behind it: {offer['id']}"]


async def test_someone_who_was_forgotten_is_found(damaged_world: World) -> None:
    """An open vacancy, and somebody waiting who could have it: unless their right has ended."""
    unit_id = await damaged_world.add_unit()
    await damaged_world.post_bed(unit_id)
    await damaged_world.settle()
    entry = await damaged_world.join(waitlist="omm")
    (vacancy,) = await damaged_world.rows("registry", select(vacancies.c.id))
    moved = update(vacancies).values(waitlist="omm")
    await damaged_world.run("registry", lambda unit: unit.execute(moved))
    found = await damaged_world.run("registry", findings)
    assert found == [f"open vacancy that somebody could have: {vacancy['id']}"]
    ended = update(entries).where(entries.c.id == entry.id)
    over = ended.values(eligible_until=damaged_world.clock() - timedelta(days=1))
    await damaged_world.run("registry", lambda unit: unit.execute(over))
    assert await damaged_world.run("registry", findings) == []
