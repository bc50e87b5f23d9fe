"""Whatever is set, claimed, housed, reversed, swapped and merged, in whatever order: the ledger says what the law says.

The real ledger, on a real database, beside a reference model that keeps no books at all: it remembers what happened and
works everything out anew from the definitions, each time it is asked.
"""

import asyncio
import math
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from schemas.messages.offers import Household, OfferAccepted
from schemas.vocabulary import ClaimReversalReason, ListKind
from services.chassis.errors import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.cli.simulation.acts import COORDINATOR
from services.cli.simulation.database import connect_inline
from services.municipalities import checks
from services.municipalities.domain.census import CountedMunicipality
from services.municipalities.domain.claims import Claim
from services.municipalities.domain.half_year import HalfYear, beginning_of
from services.municipalities.domain.mergers import Merger
from services.municipalities.domain.quotas import QuotaRules
from services.municipalities.handlers import claims, municipalities, quotas, slots
from services.municipalities.handlers.books import keep_books
from services.municipalities.store import ledger
from services.municipalities.tables import half_years, quota_swaps
from services.municipalities.tables import ledger as ledger_table
from tests.support.examples import examples
from tests.support.templates import sqlite_copy
from tests.support.world import World

T = TypeVar("T")

POPULATIONS = {"GM0001": 900, "GM0002": 431, "GM0003": 77, "GM0004": 13}
CODES = sorted(POPULATIONS)
COUNTED_ON = (date(2025, 1, 1), date(2026, 1, 1))
HALF_YEARS = [HalfYear(2026, 1), HalfYear(2026, 2), HalfYear(2027, 1), HalfYear(2027, 2)]
LAST_DAY = beginning_of(date(2027, 12, 20))
RULES = QuotaRules()
code, half_year, people = st.sampled_from(CODES), st.sampled_from(HALF_YEARS), st.integers(1, 9)

Numbers = tuple[int, int, int, int]
"""Task, claimed, housed, and what was carried over."""


@dataclass
class ModelClaim:
    """What happened to a claim."""

    code: str
    people: int
    made_in: HalfYear
    housed_in: HalfYear | None = None
    is_reversed: bool = False


@dataclass
class Model:
    """What happened, and the definitions. No ledger."""

    quotas: dict[tuple[HalfYear, str], int] = field(default_factory=dict)
    numbers_set: dict[HalfYear, int] = field(default_factory=dict)
    swaps: list[tuple[HalfYear, str, str, int]] = field(default_factory=list)
    claims: dict[UUID, ModelClaim] = field(default_factory=dict)
    mergers: list[tuple[date, str, str]] = field(default_factory=list)

    def owner(self, code: str, day: date) -> str:
        """Which municipality it is part of on a day."""
        for merged_on, part, into in sorted(self.mergers):
            if part == code and merged_on <= day:
                return self.owner(into, day)
        return code

    def share_out(self, half_year: HalfYear, national: int) -> None:
        """The exact part by population, rounded up."""
        self.numbers_set[half_year] = national
        together: Counter[str] = Counter()
        for code, inhabitants in POPULATIONS.items():
            together[self.owner(code, half_year.first_day)] += inhabitants
        for code, inhabitants in together.items():
            exact = Fraction(national * inhabitants, sum(POPULATIONS.values()))
            self.quotas[half_year, code] = math.ceil(exact)

    def is_closed(self, half_year: HalfYear, now: datetime) -> bool:
        """It is over, and the quotas of the next one are set."""
        return half_year.next in self.numbers_set and half_year.next.begins_at <= now

    def numbers(self, half_year: HalfYear, code: str, now: datetime) -> Numbers:
        """Where a municipality stands, with whatever has become part of it."""
        task, housed = self.task(half_year, code, now), self.housed(half_year, code, now)
        left = task - housed if self.is_closed(half_year, now) else 0
        return task, self.claimed(half_year, code, now), housed, left

    def task(self, half_year: HalfYear, code: str, now: datetime) -> int:
        """Quota, with swaps, and with what was left of the half-year before."""
        if half_year < HALF_YEARS[0]:
            return 0
        mine = {part for part in CODES if self.owner(part, now.date()) == code}
        quota = sum(self.quotas.get((half_year, part), 0) for part in mine)
        taken = sum(count for when, _, to, count in self.swaps if when == half_year and to in mine)
        given = sum(count for when, giver, _, count in self.swaps if when == half_year and giver in mine)
        before = half_year.previous
        left = self.task(before, code, now) - self.housed(before, code, now) if self.is_closed(before, now) else 0
        return quota + taken - given + left

    def housed(self, half_year: HalfYear, code: str, now: datetime) -> int:
        """Who moved in during the half-year, less who was reversed."""
        return sum(
            claim.people
            for claim in self.claims.values()
            if claim.housed_in == half_year and not claim.is_reversed and self.owner(claim.code, now.date()) == code
        )

    def claimed(self, half_year: HalfYear, code: str, now: datetime) -> int:
        """Who is claimed and has not moved in; an open claim goes along when its half-year is closed."""
        count = 0
        for claim in self.claims.values():
            counts_in = claim.made_in
            while self.is_closed(counts_in, now):
                counts_in = counts_in.next
            is_open = claim.housed_in is None and not claim.is_reversed
            if is_open and counts_in == half_year and self.owner(claim.code, now.date()) == code:
                count += claim.people
        return count


class Ledger(RuleBasedStateMachine):
    """The same things happen to both."""

    def __init__(self, template: Path) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="doorstroom-ledger-"))
        self.world = World(sqlite_copy(template, self.folder), connect=connect_inline)
        self.model = Model()
        self.past: list[tuple[datetime, dict[tuple[str, str], Numbers]]] = []
        rows = [
            CountedMunicipality(code, code, "Utrecht", inhabitants, day, line)
            for day in COUNTED_ON
            for line, (code, inhabitants) in enumerate(POPULATIONS.items(), 2)
        ]
        self.run(lambda unit: municipalities.import_populations(unit, rows))

    def run(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        """One transaction of the real service."""
        return self.runner.run(self.world.run("municipalities", work))

    @property
    def now(self) -> datetime:
        return self.world.clock()

    def owner(self, code: str) -> str:
        return self.model.owner(code, self.now.date())

    @rule(half_year=half_year, national=st.integers(0, 300))
    def set_quotas(self, half_year: HalfYear, national: int) -> None:
        """Early, late, and again."""
        known = self.model.numbers_set.get(half_year)
        try:
            self.run(lambda unit: quotas.set_quotas(unit, RULES, half_year, national))
        except Conflict:
            assert known is not None
            assert known != national
            return
        assert known in (None, national)
        if known is None:
            self.model.share_out(half_year, national)
            self._forget_from(half_year.begins_at)

    @rule(code=code, people=people, pending=st.booleans())
    def claim(self, code: str, people: int, *, pending: bool) -> None:
        """With a slot that was accepted, or with the next acceptance."""
        mine = self.owner(code)
        claim = self.run(lambda unit: self._claim(unit, mine, people, pending=pending))
        self.model.claims[claim] = ModelClaim(code, people, HalfYear.of(self.now))

    @precondition(lambda self: self.model.claims)
    @rule(data=st.data())
    def house(self, data: st.DataObject) -> None:
        """A second time, or after a reversal, it is refused."""
        id_, claim = self._some_claim(data)
        try:
            self.run(lambda unit: claims.house_claim(unit, RULES, id_, self.owner(claim.code)))
        except Conflict:
            assert claim.is_reversed or claim.housed_in
        else:
            assert not claim.is_reversed
            assert claim.housed_in is None
            claim.housed_in = HalfYear.of(self.now)

    @precondition(lambda self: self.model.claims)
    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        """Before moving in and after it, also long after, but once."""
        id_, claim = self._some_claim(data)
        reason = ClaimReversalReason.OTHER
        try:
            self.run(lambda unit: claims.reverse_claim(unit, id_, self.owner(claim.code), reason))
        except Conflict:
            assert claim.is_reversed
        else:
            assert not claim.is_reversed
            claim.is_reversed = True

    @rule(giver=code, taker=code, half_year=half_year, people=people)
    def swap(self, giver: str, taker: str, half_year: HalfYear, people: int) -> None:
        """What is refused changes nothing, what is done keeps the sum."""
        before = sum(numbers[0] for numbers in self._stored(self.now, half_year).values())
        try:
            self.run(lambda unit: quotas.swap_quota(unit, giver, taker, half_year, people))
        except Conflict:
            return
        assert half_year in self.model.numbers_set
        self.model.swaps.append((half_year, giver, taker, people))
        assert sum(numbers[0] for numbers in self._stored(self.now, half_year).values()) == before

    @rule(part=code, into=code, days=st.sampled_from([0, 0, 40]))
    def merge(self, part: str, into: str, days: int) -> None:
        """Today, or on a day to come."""
        day = (self.now + timedelta(days=days)).date()
        try:
            self.run(lambda unit: municipalities.merge(unit, Merger((part,), into, day)))
        except Conflict:
            return
        self.model.mergers.append((day, part, into))
        self._forget_from(beginning_of(day))

    @rule(days=st.integers(1, 100))
    def pass_time(self, days: int) -> None:
        """The present is remembered, and time goes on; the timer keeps the books."""
        if self.now + timedelta(days=days) < LAST_DAY:
            self.past.append((self.now, self._stored(self.now)))
            self.world.clock.forward(days=days)
            self.run(keep_books)

    @invariant()
    def the_ledger_says_what_the_definitions_say(self) -> None:
        """For every municipality and half-year."""
        stored = self._stored(self.now)
        expected = {
            (str(half_year), code): numbers
            for half_year in HALF_YEARS
            for code in CODES
            if any(numbers := self.model.numbers(half_year, code, self.now))
        }
        assert stored == expected
        assert not self.run(checks.findings)

    def teardown(self) -> None:
        """What was true in the past is still said to have been true then; and nothing was ever changed or removed."""
        try:
            for moment, numbers in self.past:
                assert self._stored(moment) == numbers
        finally:
            self.runner.run(self.world.close())
            self.runner.close()
            shutil.rmtree(self.folder)

    def _stored(self, at: datetime, half_year: HalfYear | None = None) -> dict[tuple[str, str], Numbers]:
        which = ledger.chosen(None, None if half_year is None else str(half_year))
        found = self.run(lambda unit: ledger.positions(unit, at, which))
        numbers = {key: (item.task, item.claimed, item.housed, item.carried_over) for key, item in found.items()}
        return {key: value for key, value in numbers.items() if any(value)}

    def _some_claim(self, data: st.DataObject) -> tuple[UUID, ModelClaim]:
        return data.draw(st.sampled_from(list(self.model.claims.items())))

    def _forget_from(self, moment: datetime) -> None:
        """What is set late, or merged today, is true from its first day on: so it changes a past that was told."""
        self.past = [item for item in self.past if item[0] < moment]

    async def _claim(self, unit: UnitOfWork, code: str, people: int, *, pending: bool) -> UUID:
        slot = await slots.open_slot(unit, code, 9, None, wheelchair=False)
        waiting: Claim | None = await claims.claim_next(unit, slot) if pending else None
        accepted = OfferAccepted(
            vacancy_id=slot.vacancy_id,
            version=2,
            offer_id=unit.identifiers(),
            list_kind=ListKind.HOUSING,
            recipient=COORDINATOR,
            household=Household(adults=1, children=people - 1),
            accepted_at=unit.now,
        )
        await slots.allocations_changed(unit, [accepted])
        return waiting.id if waiting else (await claims.claim_slot(unit, slot.id, code)).id


@pytest.mark.timeout(600)
def test_the_ledger_agrees_with_the_definitions(sqlite_template: Path) -> None:
    """Random histories over two years, with late quotas, late reversals and mergers."""
    run_state_machine_as_test(
        lambda: Ledger(sqlite_template),
        settings=examples(100, steps=25),
    )


def test_the_checks_notice_a_ledger_that_was_tampered_with(sqlite_template: Path, tmp_path: Path) -> None:
    """A check that cannot fail would show nothing: every line that is changed or lost is found."""

    async def tamper() -> None:
        world = World(sqlite_copy(sqlite_template, tmp_path), connect=connect_inline)
        await world.run("municipalities", lambda unit: municipalities.register_municipality(unit, "GM0001", "A", 900))
        await world.run("municipalities", lambda unit: quotas.set_quotas(unit, RULES, HALF_YEARS[0], 40))
        await world.run("municipalities", _house_three)
        assert not await world.run("municipalities", checks.findings)
        await world.run("municipalities", lambda unit: unit.execute(text("DROP TRIGGER ledger_no_update")))
        for row in await world.rows("municipalities", ledger_table.select()):
            this = ledger_table.c.id == row["id"]
            changed = ledger_table.update().where(this).values(people=row["people"] + 1)
            await world.run("municipalities", lambda unit, statement=changed: unit.execute(statement))
            assert await world.run("municipalities", checks.findings)
            restored = ledger_table.update().where(this).values(people=row["people"])
            await world.run("municipalities", lambda unit, statement=restored: unit.execute(statement))
        await world.close()

    asyncio.run(tamper())


def test_the_checks_notice_what_is_not_there(sqlite_template: Path, tmp_path: Path) -> None:
    """Shares of a half-year that is set, the half-year of shares, the lines of a swap."""
    first, second = CODES[:2]
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    numbers = {"half_year": "2027-H1", "national_quota": 5, "national_inhabitants": 1331}
    swap = {"half_year": str(HALF_YEARS[0]), "from_code": first, "to_code": second, "people": 9}
    of_first = ledger_table.c.municipality_code == first
    broken = {
        "half-year without shares": half_years.insert().values(**numbers, set_at=moment),
        "shares without half-year": half_years.delete(),
        "a share is missing": ledger_table.delete().where(of_first),
        "every share is missing": ledger_table.delete(),
        "swap without lines": quota_swaps.insert().values(
            **swap, id=UUID(int=1), agreed_at=datetime(2026, 1, 1, tzinfo=UTC)
        ),
    }

    async def look(what: str) -> list[str]:
        world = World(sqlite_copy(sqlite_template, tmp_path / what), connect=connect_inline)
        rows = [
            CountedMunicipality(code, code, "Utrecht", inhabitants, day, line)
            for day in COUNTED_ON
            for line, (code, inhabitants) in enumerate(POPULATIONS.items(), 2)
        ]
        await world.run("municipalities", lambda unit: municipalities.import_populations(unit, rows))
        await world.run("municipalities", lambda unit: quotas.set_quotas(unit, RULES, HALF_YEARS[0], 40))
        assert not await world.run("municipalities", checks.findings)
        await world.run("municipalities", lambda unit: unit.execute(text("DROP TRIGGER ledger_no_delete")))
        await world.run("municipalities", lambda unit: unit.execute(broken[what]))
        found = await world.run("municipalities", checks.findings)
        await world.close()
        return found

    for what in broken:
        assert asyncio.run(look(what)), what


async def _house_three(unit: UnitOfWork) -> None:
    slot = await slots.open_slot(unit, "GM0001", 9, None, wheelchair=False)
    accepted = OfferAccepted(
        vacancy_id=slot.vacancy_id,
        version=2,
        offer_id=unit.identifiers(),
        list_kind=ListKind.HOUSING,
        recipient=COORDINATOR,
        household=Household(adults=1, children=2),
        accepted_at=unit.now,
    )
    await slots.allocations_changed(unit, [accepted])
    claim = await claims.claim_slot(unit, slot.id, "GM0001")
    await claims.house_claim(unit, RULES, claim.id, "GM0001")
