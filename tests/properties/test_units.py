"""Whatever anyone does to units, in whatever order, the service does what a small model of it says."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from schemas import catalogue
from schemas.api.shelters import NewContract, NewExpectedExit, NewFacility, NewUnit
from schemas.base import Message
from schemas.messages.beds import Acceptance, PlacementConflicted, Service
from schemas.messages.placements import PlacementEnded, PlacementRecorded, RecordedPlacementEnded
from schemas.vocabulary import (
    AgeBand,
    ContractKind,
    DelayReason,
    DepartureReason,
    EnquiryRefusal,
    ListKind,
    PlacementEndReason,
    Programme,
    RecordedPlacementEnd,
    Sex,
    WithdrawalReason,
)
from services.chassis.errors import Conflict, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.cli.simulation.acts import LEASE_SECONDS
from services.cli.simulation.database import connect_inline
from services.shelters.checks import findings
from services.shelters.handlers import contracts, enquiries, facilities, households, vacancies
from services.shelters.store import facilities as store
from services.shelters.tables import stays
from tests.support.examples import examples
from tests.support.templates import postgresql_copy, sqlite_copy
from tests.support.units import BEFORE_ARRIVAL, PLACES, Bed, Model, day_of, word
from tests.support.world import World

TURNAROUND = timedelta(hours=24)
LEASE = timedelta(seconds=LEASE_SECONDS)
OWNER = "shelter"
SAID = {"recipient": "coordination", "list_kind": ListKind.SHELTER}
CONTRACTS_LIMIT = 3
WHICH = st.integers(0, len(PLACES) - 1)
HOURS = st.integers(1, 100)
AHEAD = st.sampled_from((1, 1, 1, 2, 0, -1))
WORDS = ("ask", "offer", "offer", "accept", "accept", "end")

Opening = Callable[[AsyncExitStack], Awaitable[World]]


class Units(RuleBasedStateMachine):
    """Does the same to the service and to the model, and compares."""

    def __init__(self, opening: Opening) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.model = Model()
        self.world = self.runner.run(opening(self.stack))
        self.facility = self.runner.run(self.world.run("shelters", self._register))

    def teardown(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()

    async def _register(self, unit: UnitOfWork) -> UUID:
        self.provider, facility = unit.identifiers(), unit.identifiers()
        await store.add_provider(unit, self.provider, OWNER)
        turnaround = int(TURNAROUND.total_seconds())
        await store.add_facility(unit, facility, NewFacility(provider_id=self.provider, turnaround_seconds=turnaround))
        for bed in self.model.beds:
            new = NewUnit(
                facility_id=facility,
                programme=Programme.VO,
                places=bed.places,
                accepts=Acceptance(sexes=list(Sex), age_bands=list(AgeBand), children=True),
                serves=Service(wheelchair=True, needs=[]),
            )
            bed.id = (await facilities.open_unit(unit, new, OWNER)).unit.id
        return facility

    @property
    def now(self) -> datetime:
        return self.world.clock()

    def attempt(self, work: Callable[[UnitOfWork], Awaitable[Any]], allowed: bool) -> bool:  # noqa: FBT001 - the answer
        """Do it; the service must allow what the model allows, and nothing else."""
        try:
            self.runner.run(self.world.run("shelters", work))
        except (Conflict, NotFound):
            assert not allowed, "refused, although the model allows it"
            return False
        assert allowed, "allowed, although the model refuses it"
        return True

    def vacancy_of(self, bed: Bed) -> UUID:
        """The present episode; the last one, when there is none; one that never was, when there never was one."""
        return bed.vacancy or self.world.identifiers()

    def begins(self, bed: Bed, available: datetime, lease: datetime) -> None:
        """A new episode: which one, only the service knows."""
        bed.becomes("free")
        bed.available, bed.lease, bed.word = available, lease, 0
        row = self.runner.run(self.world.unit(bed.id))
        assert row["vacancy_id"] not in (None, bed.vacancy), "each episode has an id of its own"
        bed.vacancy = row["vacancy_id"]
        self.model.told += 1

    def empties(self, bed: Bed, ready: datetime) -> None:
        """Free for the next, unless the facility is closed or there are too many places."""
        if self.model.closed or not self.model.fits(bed, ready):
            bed.becomes("out_of_service")
        else:
            self.begins(bed, ready, ready + LEASE)

    def is_ready(self, which: int) -> bool:
        """Whether a household may move in: not before the unit is available."""
        available = self.model.beds[which].available
        return available is not None and available <= self.now

    @rule(which=WHICH, lease=HOURS, delay=st.integers(0, 50))
    def post(self, which: int, lease: int, delay: int) -> None:
        bed, available = self.model.beds[which], self.now + timedelta(hours=delay)
        fits = lease > delay and self.model.fits(bed, available)
        allowed = bed.state == "out_of_service" and not self.model.closed and fits
        if self.attempt(lambda unit: vacancies.post_vacancy(unit, bed.id, OWNER, lease * 3600, available), allowed):
            self.begins(bed, available, self.now + timedelta(hours=lease))

    @rule(which=WHICH, lease=HOURS)
    def affirm(self, which: int, lease: int) -> None:
        bed, until = self.model.beds[which], self.now + timedelta(hours=lease)
        vacancy = self.vacancy_of(bed)
        allowed = bed.state in ("free", "held") and bed.available is not None and until > bed.available
        if self.attempt(lambda unit: vacancies.affirm_vacancy(unit, vacancy, OWNER, lease * 3600), allowed):
            bed.lease = until
            self.model.told += 1

    @rule(which=WHICH, by_unit=st.booleans(), reason=st.sampled_from(WithdrawalReason))
    def withdraw(self, which: int, by_unit: bool, reason: WithdrawalReason) -> None:  # noqa: FBT001 - drawn
        bed = self.model.beds[which]
        vacancy = self.vacancy_of(bed)
        work = (
            (lambda unit: vacancies.take_out_of_service(unit, bed.id, OWNER, reason))
            if by_unit
            else (lambda unit: vacancies.withdraw_vacancy(unit, vacancy, OWNER, reason))
        )
        if self.attempt(work, bed.state in BEFORE_ARRIVAL):
            bed.becomes("out_of_service")
            self.model.told += 1

    @rule(
        which=WHICH,
        what=st.sampled_from(["ask", "offer", "offer", "accept", "accept", "end"]),
        ahead=AHEAD,
    )
    def the_registry_speaks(self, which: int, what: str, ahead: int) -> None:
        """Also about episodes that are over, and in messages that others have overtaken."""
        bed = self.model.beds[which]
        if bed.vacancy is None:
            return
        version, until = max(1, bed.word + ahead), self.now + timedelta(hours=10)
        offer = bed.offer if bed.offer and what in ("accept", "offer", "end") else self.world.identifiers()
        self.deliver(word(what, {**SAID, "vacancy_id": bed.vacancy, "offer_id": offer, "version": version}, until))
        if bed.state == "out_of_service" or version <= bed.word:
            return
        bed.word = version
        if bed.state in BEFORE_ARRIVAL:
            state = {"ask": "held", "offer": "held", "accept": "reserved", "end": "free"}[what]
            if bed.state == "reserved" != state and bed.available and bed.lease:
                bed.lease = max(bed.lease, max(self.now, bed.available) + LEASE)
                self.model.told += 1
            bed.becomes(state, None if what == "end" else offer, until if what == "ask" else None)

    @rule(which=WHICH, other=st.booleans(), refusal=st.none() | st.sampled_from(EnquiryRefusal))
    def answer(self, which: int, other: bool, refusal: EnquiryRefusal | None) -> None:  # noqa: FBT001 - drawn
        bed = self.model.beds[which]
        offer = self.world.identifiers() if other or bed.offer is None else bed.offer
        allowed = bed.asked is not None and bed.asked[0] == offer and bed.asked[1] > self.now
        if self.attempt(lambda unit: enquiries.answer_enquiry(unit, offer, OWNER, refusal), allowed):
            bed.asked = None
            self.model.told += 1

    @rule(which=WHICH)
    def arrive(self, which: int) -> None:
        bed = self.model.beds[which]
        vacancy = self.vacancy_of(bed)
        allowed = bed.state == "reserved" and self.is_ready(which)
        if self.attempt(lambda unit: households.confirm_arrival(unit, vacancy, OWNER), allowed):
            bed.becomes("occupied", bed.offer)
            self.model.told += 1

    @rule(which=WHICH)
    def nobody_comes(self, which: int) -> None:
        bed = self.model.beds[which]
        vacancy = self.vacancy_of(bed)
        available = bed.available
        work = lambda unit: households.report_no_show(self.world.leases, unit, vacancy, OWNER)  # noqa: E731 - short
        if self.attempt(work, bed.state == "reserved"):
            self.model.told += 1
            self.empties(bed, max(self.now, available))

    @rule(which=WHICH, reason=st.sampled_from(DepartureReason))
    def depart(self, which: int, reason: DepartureReason) -> None:
        bed = self.model.beds[which]
        work = lambda unit: households.record_departure(self.world.leases, unit, bed.id, OWNER, reason)  # noqa: E731 - short
        if self.attempt(work, bed.state == "occupied"):
            self.model.told += 1
            self.empties(bed, self.now + TURNAROUND)

    @rule(which=WHICH)
    def move_into_a_home(self, which: int) -> None:
        bed = self.model.beds[which]
        vacancy, offer = self.vacancy_of(bed), self.world.identifiers()
        ended = {"reason": PlacementEndReason.HOUSED, "ended_at": self.now}
        self.deliver(PlacementEnded(**SAID, vacancy_id=vacancy, offer_id=offer, version=99, **ended))
        if bed.state == "occupied":
            self.empties(bed, self.now + TURNAROUND)

    @rule(which=WHICH, again=st.booleans(), hours=st.integers(0, 99))
    def someone_is_found_there(self, which: int, again: bool, hours: int) -> None:  # noqa: FBT001 - drawn
        """Also one of whom the end was told before."""
        bed = self.model.beds[which]
        placement = min(self.model.gone) if again and self.model.gone else self.world.identifiers()
        since = self.now - timedelta(hours=hours)
        self.deliver(PlacementRecorded(placement_id=placement, unit_id=bed.id, version=1, since=since))
        if placement in self.model.gone:
            return
        if bed.state in ("reserved", "occupied"):
            self.model.told += 1
            self.model.gone.add(placement)
            self.deliver(self.left(bed, placement))
            return
        self.model.told += bed.state in BEFORE_ARRIVAL
        bed.becomes("occupied", placement)
        bed.vacancy, bed.word = placement, 0

    @rule(which=WHICH, early=st.booleans())
    def they_are_no_longer_there(self, which: int, early: bool) -> None:  # noqa: FBT001 - drawn
        """Also before it was told that they are."""
        bed = self.model.beds[which]
        placement = self.world.identifiers() if early or bed.offer is None else bed.offer
        if placement in self.model.gone:
            return
        self.deliver(self.left(bed, placement))
        self.model.gone.add(placement)
        if bed.state == "occupied" and bed.vacancy == placement:
            self.empties(bed, self.now + TURNAROUND)

    def left(self, bed: Bed, placement: UUID) -> Message:
        reason = RecordedPlacementEnd.LEFT
        return RecordedPlacementEnded(
            placement_id=placement, unit_id=bed.id, version=2, reason=reason, ended_at=self.now
        )

    @rule(which=WHICH, days=st.integers(0, 99), delay=st.none() | st.sampled_from(DelayReason))
    def expect_an_exit(self, which: int, days: int, delay: DelayReason | None) -> None:
        bed, leaves = self.model.beds[which], self.now.date() + timedelta(days=days)
        expected = NewExpectedExit(unit_id=bed.id, expected_exit_on=leaves, delay_reason=delay)
        self.attempt(lambda unit: households.expect_exit(unit, expected, OWNER), bed.state == "occupied")

    @rule(which=WHICH, steps=st.integers(1, 7))
    def the_usual_happens(self, which: int, steps: int) -> None:
        """A whole stretch of an ordinary life, so that chance begins from everywhere in it."""
        for _ in range(steps):
            usual: dict[str, Callable[[], None]] = {
                "out_of_service": lambda: self.post(which, 72, 0),
                "free": lambda: self.the_registry_speaks(which, "offer", 1),
                "held": lambda: self.the_registry_speaks(which, "accept", 1),
                "reserved": lambda: self.arrive(which) if self.is_ready(which) else self.time_passes(24),
                "occupied": lambda: self.depart(which, DepartureReason.OTHER),
            }
            usual[self.model.beds[which].state]()

    @precondition(lambda self: self.model.closed or any(bed.state != "out_of_service" for bed in self.model.beds))
    @rule(again=st.booleans())
    def close_or_reopen(self, again: bool) -> None:  # noqa: FBT001 - drawn
        """Each once; the second time is refused."""
        if self.model.closed:
            self.reopen()
            self.reopen()
            return
        self.close()
        self.close()
        if again:
            self.reopen()

    def close(self) -> None:
        if self.attempt(lambda unit: facilities.close_facility(unit, self.facility, OWNER), not self.model.closed):
            self.model.closed = True
            for bed in self.model.beds:
                if bed.state in BEFORE_ARRIVAL:
                    bed.becomes("out_of_service")
                    self.model.told += 1

    def reopen(self) -> None:
        if self.attempt(lambda unit: facilities.reopen_facility(unit, self.facility, OWNER), self.model.closed):
            self.model.closed = False

    @precondition(lambda self: len(self.model.contracts) < CONTRACTS_LIMIT)
    @rule(places=st.integers(1, 3), ahead=st.sampled_from((0, 0, 1, 2, 4)), days=st.none() | st.integers(0, 9))
    def contract(self, places: int, ahead: int, days: int | None) -> None:
        """Perhaps one that begins later, so that units may be posted ahead for it."""
        first = day_of(self.now) + timedelta(days=ahead)
        last = None if days is None else first + timedelta(days=days)
        new = NewContract(
            provider_id=self.provider,
            programme=Programme.VO,
            places=places,
            kind=ContractKind.STRUCTURAL if last is None else ContractKind.TEMPORARY,
            starts_on=first,
            ends_on=last,
        )
        self.attempt(lambda unit: contracts.set_contract(unit, new), allowed=True)
        self.model.contracts.append((places, first, last))

    @rule(hours=st.sampled_from((1, 9, 10, 24, 72, 240)))
    def time_passes(self, hours: int) -> None:
        self.world.clock.forward(hours=hours)
        self.attempt(vacancies.lapse_leases, allowed=True)
        for bed in self.model.beds:
            if bed.state in ("free", "held") and bed.lease is not None and bed.lease <= self.now:
                bed.becomes("out_of_service")
                self.model.told += 1

    @invariant()
    def the_service_is_as_the_model(self) -> None:
        for bed in self.model.beds:
            row = self.runner.run(self.world.unit(bed.id))
            expected = (bed.state, bed.offer, bed.asked is not None, bed.available, bed.lease, self.model.closed)
            names = ("state", "offer_id", "enquiring", "available_from", "lease_expires_at", "closed")
            assert tuple(row[name] for name in names) == expected

    @invariant()
    def each_change_is_told_once_and_in_order(self) -> None:
        told = [data for _, data in self.runner.run(self.world.events("shelters"))]
        assert len(told) == self.model.told
        for bed in self.model.beds:
            own = [data for data in told if data.unit_id == bed.id and not isinstance(data, PlacementConflicted)]
            versions = [data.version for data in own]
            assert all(earlier < later for earlier, later in pairwise(versions))

    @invariant()
    def whoever_lives_somewhere_has_one_stay(self) -> None:
        open_stays = select(stays.c.unit_id).where(stays.c.departed_at.is_(None)).order_by(stays.c.unit_id)
        rows = self.runner.run(self.world.rows("shelters", open_stays))
        assert [row["unit_id"] for row in rows] == [bed.id for bed in self.model.beds if bed.state == "occupied"]

    @invariant()
    def the_service_finds_nothing_wrong_with_itself(self) -> None:
        assert self.runner.run(self.world.run("shelters", findings)) == []

    def deliver(self, data: Message) -> None:
        """Hand a message of the registry to the service, through its real consumer and inbox."""
        event = catalogue.event(
            data, id=self.world.identifiers(), source="urn:nld:kvknr:00000000.registry", subject="x", time=self.now
        )
        self.runner.run(self.world.deliver(catalogue.routing_key(event), catalogue.encode(event)))


def run(opening: Opening, count: int) -> None:
    """Let chance do whatever it likes, so many times."""
    run_state_machine_as_test(lambda: Units(opening), settings=examples(count, steps=40))


@pytest.mark.timeout(600)
def test_units_live_as_the_model_says_on_sqlite(sqlite_template: Path) -> None:
    """Providers, the registry, the operator and time, each at any moment."""

    async def opening(stack: AsyncExitStack) -> World:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="doorstroom-units-")))
        world = World(sqlite_copy(sqlite_template, folder), connect=connect_inline)
        stack.push_async_callback(world.close)
        return world

    run(opening, 100)


@pytest.mark.timeout(600)
def test_units_live_as_the_model_says_on_postgresql(postgres_url: str, postgresql_template: dict[str, str]) -> None:
    """The same on the other database; fewer times, because each begins with four new databases."""

    async def opening(stack: AsyncExitStack) -> World:
        world = World(await stack.enter_async_context(postgresql_copy(postgres_url, postgresql_template)))
        stack.push_async_callback(world.close)
        return world

    run(opening, 8)
