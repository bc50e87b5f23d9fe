"""Whatever anyone does in whatever order, and however messages travel, nothing that must never be false is."""

import asyncio
import random
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.vocabulary import Sex
from services.cli.simulation.database import connect_inline
from services.cli.simulation.walk import KINDS, PROFILES, Walk
from services.registry.domain.eligibility import reasons_against, reasons_of_programme
from services.registry.domain.model import Profile
from services.registry.store.codec import decode_terms
from services.registry.tables import vacancies
from tests.support.examples import examples
from tests.support.invariants import check_everything
from tests.support.templates import sqlite_copy
from tests.support.world import World

STEPS = st.lists(st.tuples(st.sampled_from((*KINDS, "time", "settle", "settle")), st.integers(0, 99)), max_size=40)


class Settling(Walk):
    """A walk in which time passes and messages arrive only when a step says so."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.whole = world

    async def _time(self, number: int) -> None:
        self.whole.clock.forward(hours=number)
        for service in self.whole.services.values():
            for timer in service.parts.timers:
                await timer.work()

    async def _settle(self, _number: int) -> None:
        await self.whole.settle()
        await check_everything(self.whole)


def play(template: Path, work: Callable[[World], Awaitable[None]]) -> None:
    """Run one example in a world of its own."""
    folder = Path(tempfile.mkdtemp(prefix="doorstroom-walk-"))

    async def run() -> None:
        world = World(sqlite_copy(template, folder), connect=connect_inline)
        try:
            await work(world)
        finally:
            await world.close()

    try:
        asyncio.run(run())
    finally:
        shutil.rmtree(folder)


@pytest.mark.timeout(600)
@examples(400)
@given(steps=STEPS, seed=st.integers(0, 2**32), duplicates=st.integers(0, 2))
def test_nothing_that_must_never_be_false_ever_is(
    sqlite_template: Path, steps: list[tuple[str, int]], seed: int, duplicates: int
) -> None:
    """Random steps of everyone concerned, with messages that pass each other and come more than once."""

    async def walk(world: World) -> None:
        world.post.chance, world.post.duplicates = random.Random(seed), duplicates
        walk = Settling(world)
        await walk.begin()
        for kind, number in steps:
            await walk.take(kind, number)
        await world.settle()
        await check_everything(world)

    play(sqlite_template, walk)


PEOPLE = st.lists(st.tuples(st.sampled_from(PROFILES), st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=12)


@examples(200)
@given(people=PEOPLE, places=st.integers(1, 5), sexes=st.sets(st.sampled_from(list(Sex)), min_size=1))
def test_the_person_chosen_is_who_a_scan_of_the_whole_list_would_choose(
    sqlite_template: Path, people: list[tuple[Profile, int, int]], places: int, sexes: set[Sex]
) -> None:
    """The search by profile is a shortcut, and nothing but a shortcut."""

    async def choose(world: World) -> None:
        line = []
        for profile, urgency, days in people:
            entry = await world.join(profile, urgency=urgency, days=days)
            line.append((-urgency, world.clock() - timedelta(days=days), entry.id, profile))
        await world.post_bed(await world.add_unit(places, sexes=sorted(sexes)))
        await world.settle()
        (vacancy,) = await world.rows("registry", vacancies.select())
        terms = decode_terms(vacancy["terms"])
        cosm = world.matchmaker.programmes.at("cosm", world.clock())
        eligible = sorted(
            item[:3] for item in line if not reasons_against(item[3], terms) and not reasons_of_programme(item[3], cosm)
        )
        chosen = [offer["entry_id"] for offer in await world.offers()]
        assert chosen == [item[2] for item in eligible[:1]]
        await check_everything(world)

    play(sqlite_template, choose)


async def _forget_a_message(world: World) -> None:
    await world.join()
    await world.post_bed(await world.add_unit())
    outbox = world.services["shelters"].tables.outbox
    await world.run("shelters", lambda unit: unit.execute(outbox.delete()))


def test_the_checks_notice_a_lost_message(sqlite_template: Path) -> None:
    """A check that cannot fail would show nothing."""

    async def lose(world: World) -> None:
        await _forget_a_message(world)
        await world.settle()
        with pytest.raises(AssertionError, match="the registry does not know its vacancy"):
            await check_everything(world)

    play(sqlite_template, lose)
