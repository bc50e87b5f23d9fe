"""Whatever anyone does in whatever order, and however messages travel, nothing that must never be false is."""

import asyncio
import random
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.api.registry import Waitlist
from schemas.vocabulary import AgeBand, DeclineReason, EnquiryRefusal, Programme, Region, Sex
from services.chassis.errors import Conflict, NotFound
from services.registry.domain.eligibility import reasons_against
from services.registry.domain.model import Profile
from services.registry.store.codec import decode_terms
from services.registry.tables import vacancies
from tests.support.examples import examples
from tests.support.inline import connect_inline
from tests.support.invariants import check_everything
from tests.support.templates import sqlite_copy
from tests.support.world import World

PROFILES = (
    Profile(Sex.FEMALE, AgeBand.AGE_23_PLUS, 1, 0, wheelchair=False, needs=frozenset()),
    Profile(Sex.MALE, AgeBand.AGE_18_TO_22, 1, 0, wheelchair=False, needs=frozenset()),
    Profile(Sex.FEMALE, AgeBand.AGE_23_PLUS, 1, 3, wheelchair=True, needs=frozenset()),
    Profile(Sex.UNKNOWN, AgeBand.UNKNOWN, 1, 0, wheelchair=False, needs=frozenset()),
)
KINDS = (
    "join", "join", "leave", "accept", "accept", "decline", "post", "post", "withdraw", "affirm", "arrive", "miss",
    "depart", "slot", "withdraw_slot", "claim", "claim_next", "house", "reverse", "join_housing", "time",
    "settle", "settle", "change", "change", "ask", "agree", "refuse", "join_vo", "join_omm", "entitle", "refuse_unsafe",
    "found", "gone", "forgotten", "undo", "undo", "merge", "part",
)  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 99)), max_size=40)


class Walk:
    """Carries out steps that mean something only together with what is there already."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.entries: list[tuple[UUID, UUID]] = []
        self.units: list[UUID] = []
        self.mediated: list[UUID] = []
        self.slots: list[UUID] = []
        self.claims: list[UUID] = []
        self.found: list[UUID] = []
        self.mergers: list[UUID] = []

    async def begin(self) -> None:
        await self.world.add_municipality()
        self.units = [
            await self.world.add_unit(places=5),
            await self.world.add_unit(places=1, sexes=[Sex.MALE]),
            await self.world.add_unit(places=2, region=Region.LIMBURG),
            await self.world.add_unit(places=5, kept_for_places=3),
        ]
        self.mediated = [await self.world.add_unit(places=4, programme=Programme.VO)]
        self.units += [*self.mediated, await self.world.add_unit(places=2, programme=Programme.OMM)]

    async def take(self, kind: str, number: int) -> None:
        step: Callable[[int], Awaitable[object]] = getattr(self, f"_{kind}")
        try:
            await step(number)
        except (Conflict, NotFound):
            return  # A refusal is a fine answer, as long as it changes nothing.

    async def _join(self, number: int) -> None:
        profile = PROFILES[number % len(PROFILES)]
        entry = await self.world.join(profile, days=number % 17, urgency=number % 3)
        self.entries.append((entry.id, entry.case_id))

    async def _join_housing(self, number: int) -> None:
        if self.entries:
            case_id = self.entries[number % len(self.entries)][1]
            await self.world.join(waitlist="housing", days=number % 13, case_id=case_id)

    async def _join_vo(self, number: int) -> None:
        await self._join_further("vo", number)

    async def _join_omm(self, number: int) -> None:
        await self._join_further("omm", number)

    async def _join_further(self, waitlist: Waitlist, number: int) -> None:
        if self.entries:
            case_id = self.entries[number % len(self.entries)][1]
            entry = await self.world.join(waitlist=waitlist, days=number % 13, case_id=case_id)
            self.entries.append((entry.id, entry.case_id))

    async def _change(self, number: int) -> None:
        if self.entries:
            excluded = frozenset({Region.LIMBURG} if number % 2 else ())
            profile = replace(PROFILES[number % len(PROFILES)], excluded_regions=excluded, region=Region.LIMBURG)
            await self.world.change(self.entries[number % len(self.entries)][1], profile)

    async def _entitle(self, number: int) -> None:
        if self.entries:
            until = self.world.clock() + timedelta(hours=number)
            await self.world.entitle(self.entries[number % len(self.entries)][0], until)

    async def _found(self, number: int) -> None:
        """A household is somewhere already, perhaps in a unit, perhaps of one who stands in line."""
        if self.entries:
            unit_id = self._unit(number) if number % 3 else None
            case_id = self.entries[number % len(self.entries)][1]
            self.found.append(await self.world.find(case_id, unit_id))

    async def _gone(self, number: int) -> None:
        if self.found:
            await self.world.lose(self.found[number % len(self.found)])

    async def _forgotten(self, number: int) -> None:
        """Found, and gone before anyone heard of it."""
        await self._found(number)
        if self.found:
            await self.world.lose(self.found[-1])

    async def _ask(self, number: int) -> None:
        await self.world.post_bed(self.mediated[0], lease_seconds=3600 * (1 + number))
        await self.world.settle()

    async def _agree(self, _number: int) -> None:
        await self.world.answer(self.mediated[0])

    async def _refuse(self, _number: int) -> None:
        await self.world.answer(self.mediated[0], EnquiryRefusal.NOT_SUITABLE)

    async def _refuse_unsafe(self, number: int) -> None:
        if made := await self.world.offers("made"):
            reasons = list(DeclineReason)
            await self.world.decline(made[number % len(made)]["id"], reasons[number % len(reasons)])

    async def _leave(self, number: int) -> None:
        if self.entries:
            await self.world.leave(self.entries[number % len(self.entries)][0])

    async def _accept(self, number: int) -> None:
        if made := await self.world.offers("made"):
            await self.world.accept(made[number % len(made)]["id"])

    async def _decline(self, number: int) -> None:
        if made := await self.world.offers("made"):
            await self.world.decline(made[number % len(made)]["id"])

    async def _undo(self, number: int) -> None:
        if answered := await self.world.offers("accepted", "declined"):
            await self.world.undo(answered[number % len(answered)]["id"])

    async def _merge(self, number: int) -> None:
        if self.entries:
            survivor, other = (self.entries[place % len(self.entries)][1] for place in (number, number + 1))
            self.mergers.append(await self.world.merge(survivor, other))

    async def _part(self, number: int) -> None:
        if self.mergers:
            await self.world.part(self.mergers[number % len(self.mergers)])

    async def _post(self, number: int) -> None:
        await self.world.post_bed(self._unit(number), lease_seconds=3600 * (1 + number))

    async def _withdraw(self, number: int) -> None:
        await self.world.withdraw_bed(self._unit(number))

    async def _affirm(self, number: int) -> None:
        await self.world.affirm_bed(self._unit(number))

    async def _arrive(self, number: int) -> None:
        await self.world.arrive(self._unit(number))

    async def _miss(self, number: int) -> None:
        await self.world.miss(self._unit(number))

    async def _depart(self, number: int) -> None:
        await self.world.depart(self._unit(number))

    async def _slot(self, number: int) -> None:
        self.slots.append((await self.world.open_slot(places=1 + number % 5)).id)

    async def _withdraw_slot(self, number: int) -> None:
        if self.slots:
            await self.world.withdraw_slot(self.slots[number % len(self.slots)])

    async def _claim(self, number: int) -> None:
        if self.slots:
            claim = await self.world.claim(self.slots[number % len(self.slots)])
            self.claims.append(claim.id)

    async def _house(self, number: int) -> None:
        if self.claims:
            await self.world.house(self.claims[number % len(self.claims)])

    async def _claim_next(self, number: int) -> None:
        claim = await self.world.claim_next(places=1 + number % 5)
        self.slots.append(claim.slot_id)
        self.claims.append(claim.id)

    async def _reverse(self, number: int) -> None:
        if self.claims:
            await self.world.reverse(self.claims[number % len(self.claims)])

    async def _time(self, number: int) -> None:
        self.world.clock.forward(hours=number)
        for service in self.world.services.values():
            for timer in service.parts.timers:
                await timer.work()

    async def _settle(self, _number: int) -> None:
        await self.world.settle()
        await check_everything(self.world)

    def _unit(self, number: int) -> UUID:
        return self.units[number % len(self.units)]


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
        walk = Walk(world)
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
        eligible = sorted(item[:3] for item in line if not reasons_against(item[3], terms))
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
