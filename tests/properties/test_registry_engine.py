"""The engine against a model of it that is too simple to be wrong: a list of people that is read from the top."""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from schemas.vocabulary import DeclineReason, Region, Sex
from services.cli.simulation.acts import HOUSEHOLD
from services.cli.simulation.database import connect_inline
from services.registry.domain.model import Profile
from tests.support.examples import examples
from tests.support.invariants import check_everything
from tests.support.templates import sqlite_copy
from tests.support.world import World

PROFILES = (
    HOUSEHOLD,
    replace(HOUSEHOLD, sex=Sex.MALE),
    replace(HOUSEHOLD, children=2),
    replace(HOUSEHOLD, region=Region.LIMBURG),
    replace(HOUSEHOLD, children=3, region=Region.LIMBURG),
    replace(HOUSEHOLD, excluded_regions=frozenset({Region.LIMBURG})),
    replace(HOUSEHOLD, sex=Sex.MALE, region=Region.LIMBURG),
)
AMONG, DAYS, HOURS, SILENCES = 5, 7, 24, 3
"""The policy of `cosm`, said again here so that the model does not ask the engine."""
LEASE_SECONDS = 30 * 86_400


@dataclass
class Person:
    """Someone in line, as the model sees them."""

    entry_id: UUID
    case_id: UUID
    profile: Profile
    urgency: int
    since: datetime
    until: datetime | None = None
    silences: int = 0


@dataclass
class Bed:
    """A unit that may be posted, with whom it takes."""

    unit_id: UUID
    places: int
    sexes: frozenset[Sex]
    region: Region | None
    kept: int | None

    def suits(self, person: Person, now: datetime) -> bool:
        household = person.profile
        return (
            household.places <= self.places
            and household.sex in self.sexes
            and not (household.excluded_regions and (self.region is None or self.region in household.excluded_regions))
            and (person.until is None or person.until > now)
        )


def next_person(line: list[Person], bed: Bed, refused: set[UUID], now: datetime) -> UUID | None:
    """Read the whole list from the top."""
    ordered = sorted(line, key=lambda person: (-person.urgency, person.since, person.entry_id))
    suited = [person for person in ordered if person.entry_id not in refused and bed.suits(person, now)]
    large = [person for person in suited if bed.kept is None or person.profile.places >= bed.kept]
    suited = large or suited
    for person in suited[:AMONG]:
        first = suited[0]
        if (
            bed.region is not None
            and person.profile.region is bed.region
            and person.urgency == first.urgency
            and person.since - first.since <= timedelta(days=DAYS)
        ):
            return person.entry_id
    return suited[0].entry_id if suited else None


class Engine(RuleBasedStateMachine):
    """People come, change and leave; one bed at a time is posted, refused by one after the other, or taken."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._folder = Path(tempfile.mkdtemp(prefix="doorstroom-engine-"))
        self.world = World(sqlite_copy(self.template, self._folder), connect=connect_inline)
        self.line: dict[UUID, Person] = {}
        self.beds: list[Bed] = []
        self.posted: Bed | None = None
        self.refused: set[UUID] = set()
        self.offered: UUID | None = None
        self.deadline_at = self.world.clock()

    def do(self, work: Coroutine[object, object, Any]) -> Any:  # noqa: ANN401 - whatever it gives
        return self._loop.run_until_complete(work)

    @initialize()
    def begin(self) -> None:
        for places, sexes, region, kept in (
            (5, tuple(Sex), None, None),
            (2, (Sex.FEMALE,), Region.LIMBURG, None),
            (5, tuple(Sex), Region.LIMBURG, 3),
            (4, tuple(Sex), None, 3),
        ):
            added = self.do(self.world.add_unit(places, sexes=sexes, region=region, kept_for_places=kept))
            self.beds.append(Bed(added, places, frozenset(sexes), region, kept))

    @rule(profile=st.sampled_from(PROFILES), urgency=st.integers(0, 1), days=st.integers(0, 20))
    def join(self, profile: Profile, urgency: int, days: int) -> None:
        entry = self.do(self.world.join(profile, urgency=urgency, days=days))
        self.line[entry.id] = Person(entry.id, entry.case_id, profile, urgency, entry.waiting_since)
        self._expect_nobody_new_is_forgotten()

    @precondition(lambda self: self.line)
    @rule(profile=st.sampled_from(PROFILES), number=st.integers(0, 99))
    def change(self, profile: Profile, number: int) -> None:
        person = list(self.line.values())[number % len(self.line)]
        person.profile = profile
        self.do(self.world.change(person.case_id, profile))
        if person.entry_id == self.offered and self.posted and not self.posted.suits(person, self.world.clock()):
            # Nobody answered: when the bed suits them again they may have it.
            self._offer_to_next()
        else:
            self._expect_nobody_new_is_forgotten()

    @precondition(lambda self: self.line)
    @rule(number=st.integers(0, 99), hours=st.integers(1, 9))
    def entitle(self, number: int, hours: int) -> None:
        person = list(self.line.values())[number % len(self.line)]
        person.until = self.world.clock() + timedelta(hours=hours)
        self.do(self.world.entitle(person.entry_id, person.until))

    @precondition(lambda self: self.posted is None)
    @rule(number=st.integers(0, 3))
    def post(self, number: int) -> None:
        self.posted, self.refused = self.beds[number], set()
        self.do(self._post(self.posted.unit_id))
        self._offer_to_next()

    @precondition(lambda self: self.offered)
    @rule()
    def decline(self) -> None:
        assert self.offered
        self.line[self.offered].silences = 0
        self.do(self._decline())
        self._move_on()

    @rule(hours=st.integers(1, 13))
    def time_passes(self, hours: int) -> None:
        self.do(self.world.pass_time(hours=hours))
        now = self.world.clock()
        gone = {person.entry_id for person in self.line.values() if person.until is not None and person.until <= now}
        silent = self.offered is not None and self.deadline_at <= now
        if silent and self.offered is not None:
            self.line[self.offered].silences += 1
            if self.line[self.offered].silences >= SILENCES:
                gone.add(self.offered)
        self.line = {id_: person for id_, person in self.line.items() if id_ not in gone}
        if silent or self.offered in gone:
            self._move_on()

    @precondition(lambda self: self.posted)
    @rule()
    def withdraw(self) -> None:
        assert self.posted
        self.do(self._withdraw(self.posted.unit_id))
        self.posted = self.offered = None

    @precondition(lambda self: self.line)
    @rule(number=st.integers(0, 99))
    def leave(self, number: int) -> None:
        person = list(self.line.values())[number % len(self.line)]
        if person.entry_id != self.offered:
            self.do(self.world.leave(person.entry_id))
            del self.line[person.entry_id]

    @invariant()
    def the_engine_offers_what_the_model_does(self) -> None:
        made = self.do(self.world.offers("made"))
        assert [offer["entry_id"] for offer in made] == ([self.offered] if self.offered else [])

    def teardown(self) -> None:
        try:
            self.do(self._finish())
        finally:
            self._loop.close()
            shutil.rmtree(self._folder)

    def _next(self) -> UUID | None:
        assert self.posted
        return next_person(list(self.line.values()), self.posted, self.refused, self.world.clock())

    def _move_on(self) -> None:
        assert self.offered
        self.refused.add(self.offered)
        self._offer_to_next()

    def _offer_to_next(self) -> None:
        self.offered = self._next()
        if self.offered:
            until = self.line[self.offered].until
            self.deadline_at = self.world.clock() + timedelta(hours=HOURS)
            self.deadline_at = min(self.deadline_at, until) if until else self.deadline_at

    def _expect_nobody_new_is_forgotten(self) -> None:
        if self.posted and self.offered is None:
            self._offer_to_next()

    async def _post(self, unit_id: UUID) -> None:
        await self.world.post_bed(unit_id, LEASE_SECONDS)
        await self.world.settle()

    async def _withdraw(self, unit_id: UUID) -> None:
        await self.world.withdraw_bed(unit_id)
        await self.world.settle()

    async def _decline(self) -> None:
        (offer,) = await self.world.offers("made")
        await self.world.decline(offer["id"], DeclineReason.UNSUITABLE)
        await self.world.settle()

    async def _finish(self) -> None:
        try:
            await self.world.settle()
            await check_everything(self.world)
        finally:
            await self.world.close()


@pytest.mark.timeout(600)
def test_the_engine_offers_to_whom_a_reader_of_the_whole_list_would(sqlite_template: Path) -> None:
    """Whatever happens: the search by profile, its filters and its preferences hide nobody."""
    machine = type("EngineOnTemplate", (Engine,), {"template": sqlite_template})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=examples(150, steps=25),
    )
