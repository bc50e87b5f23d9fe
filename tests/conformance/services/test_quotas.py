"""Quotas over all services, on both databases: shared out, swapped, carried over, merged; and a past that stays."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Executable, text

from services.chassis.database import Parameters, Rows, StatementFailed
from services.chassis.errors import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.cli.simulation.acts import MUNICIPALITY
from services.municipalities.domain import ledger as bookings
from services.municipalities.domain.census import BadRows, CountedMunicipality
from services.municipalities.domain.half_year import HalfYear
from services.municipalities.domain.mergers import Merger
from services.municipalities.domain.quotas import Position, QuotaKind, QuotaRules
from services.municipalities.handlers import claims as claim_handlers
from services.municipalities.handlers import municipalities, quotas
from services.municipalities.handlers.books import keep_books
from services.municipalities.store import ledger as store
from services.municipalities.tables import ledger
from tests.support.quotas import (
    H1,
    H2,
    OTHER,
    RULES,
    claimed,
    entry_states,
    housed,
    merge,
    position,
    prepare,
    set_quotas,
    standing,
    swap,
)
from tests.support.world import World


class Counted(UnitOfWork):
    """A unit of work that counts its statements."""

    statements = 0

    async def execute(self, statement: Executable, parameters: Parameters = None) -> Rows:
        self.statements += 1
        return await super().execute(statement, parameters)


async def test_what_is_left_becomes_arrears_and_too_many_a_credit(world: World) -> None:
    """At the turn of the half-year, by itself; before it nothing is carried over."""
    await prepare(world, national=0)
    await housed(world)
    await set_quotas(world, H2, 20)
    assert await position(world, H2) == Position(quota=10)
    world.clock.now = H2.begins_at - timedelta(seconds=1)
    await world.pass_time(seconds=1)
    assert await position(world, H1) == Position(housed=1, carried_over=-1)
    assert await position(world, H2) == Position(quota=10, credit=1)
    await set_quotas(world, H2.next, 20)
    world.clock.now = H2.next.begins_at
    await world.pass_time(seconds=0)
    assert (await position(world, H2.next)).task == 19
    assert (await position(world, H2.next, OTHER)).arrears == 10


async def test_a_reversal_after_the_half_year_was_closed_follows_to_the_present(world: World) -> None:
    """It changes what it counted in, and is carried over through everything closed since; the past stays told."""
    await prepare(world)
    claim = await housed(world)
    for half_year in (H2, H2.next):
        world.clock.now = half_year.begins_at
        await set_quotas(world, half_year, 0)
    assert (await position(world, H2.next)).task == 49
    before = world.clock()
    await world.pass_time(days=3)
    await world.reverse(claim.id)
    assert await position(world, H1) == Position(quota=50, carried_over=50)
    assert (await position(world, H2)).carried_over == 50
    assert (await position(world, H2.next)).task == 50
    assert (await position(world, H2.next, at=before)).task == 49
    assert (await position(world, H1, at=before)).housed == 1


async def test_what_came_over_is_either_arrears_or_a_credit(world: World) -> None:
    """Two too many, and then one of them, and both, are reversed after the half-year was closed."""
    await prepare(world, national=0)
    both = [await housed(world), await housed(world)]
    await set_quotas(world, H2, 20)
    world.clock.now = H2.begins_at
    await world.pass_time(seconds=0)
    assert await position(world, H2) == Position(quota=10, credit=2)
    for claim, credit in zip(both, (1, 0), strict=True):
        await world.pass_time(days=2)
        await world.reverse(claim.id)
        assert await position(world, H2) == Position(quota=10, credit=credit)
    await world.settle()


async def test_the_books_do_not_get_slower_with_each_late_reversal(world: World) -> None:
    """However many there were after the half-year was closed: keeping the books again asks as much as before."""
    await prepare(world)
    await set_quotas(world, H2, 20)
    world.clock.now = H2.begins_at

    async def statements() -> int:
        """How many it takes when nothing is due."""

        async def work(unit: UnitOfWork) -> int:
            await keep_books(unit)
            counted = Counted(unit.connection, unit.now, unit.identifiers, unit.source)
            await keep_books(counted)
            return counted.statements

        return await world.run("municipalities", work)

    before = await statements()
    for _ in range(5):
        world.clock.forward(hours=1)
        late = bookings.housed_reversed(MUNICIPALITY, H1, 1)
        await world.run("municipalities", lambda unit, late=late: store.book(unit, late))
    world.clock.forward(hours=1)
    assert await statements() == before
    assert await position(world, H2) == Position(quota=10, arrears=55)
    # There was no claim behind these, and the checks would say so.
    undone = bookings.housed_reversed(MUNICIPALITY, H1, -5)
    await world.run("municipalities", lambda unit: store.book(unit, undone))
    await world.run("municipalities", keep_books)


async def test_an_open_claim_goes_along_and_counts_when_they_move_in(world: World) -> None:
    """Whether or not the next half-year's quotas were set in time."""
    await prepare(world)
    claim = await claimed(world)
    world.clock.now = H2.begins_at
    await set_quotas(world, H2, 0)
    assert ((await position(world, H1)).claimed, (await position(world, H2)).claimed) == (0, 1)
    world.clock.now = H2.next.begins_at
    await world.house(claim.id)
    assert ((await position(world, H2)).claimed, (await position(world, H2.next)).housed) == (0, 1)


async def test_setting_the_same_again_changes_nothing_and_other_numbers_are_refused(world: World) -> None:
    """Carrying over included."""
    await prepare(world)
    world.clock.now = H2.begins_at
    await set_quotas(world, H2, 10)
    await set_quotas(world, H2, 10)
    assert await position(world, H2) == Position(quota=5, arrears=50)
    with pytest.raises(Conflict, match="other numbers"):
        await set_quotas(world, H2, 11)
    with pytest.raises(Conflict, match="2027-01-01"):
        await set_quotas(world, HalfYear(2028, 1), 10)


def counted_on(day: date, *codes: str) -> list[CountedMunicipality]:
    """A thousand people in each."""
    return [CountedMunicipality(code, code, "Utrecht", 1000, day, line) for line, code in enumerate(codes, 2)]


async def load(world: World, counted: list[CountedMunicipality]) -> None:
    await world.run("municipalities", lambda unit: municipalities.import_populations(unit, counted))


async def test_quotas_are_not_shared_out_over_a_part_of_the_country(world: World) -> None:
    """Whoever is left out would get nothing, and the others too much, for good: it is refused, and says who lacks."""
    many = [f"GM{number:04}" for number in range(1, 13)]
    await load(world, counted_on(date(2025, 1, 1), *many))
    await load(world, counted_on(date(2026, 1, 1), many[0]))
    next_year = HalfYear(2027, 1)
    with pytest.raises(
        Conflict, match=r"11 municipalities have no population of 2026-01-01: GM0002, .*GM0011, …"
    ) as no:
        await set_quotas(world, next_year, 100)
    assert "GM0012" not in str(no.value)
    await merge(world, Merger(tuple(many[1:11]), many[0], date(2026, 1, 1)))
    await load(world, counted_on(date(2026, 1, 1), many[11]))
    await set_quotas(world, next_year, 100)
    assert (await position(world, next_year, many[0])).quota == 50


async def test_who_had_a_quota_is_not_forgotten_when_a_year_was_not_counted(world: World) -> None:
    """Nobody was counted in between, and still they are known to be there."""
    await prepare(world)
    await load(world, counted_on(date(2028, 1, 1), MUNICIPALITY))
    with pytest.raises(Conflict, match=f"1 municipalities have no population of 2028-01-01: {OTHER}"):
        await set_quotas(world, HalfYear(2029, 1), 100)


async def test_nobody_is_registered_too_late_for_a_quota(world: World) -> None:
    """On figures that quotas rest on; a later date will do, and does not stop the other half of the year."""
    await prepare(world)

    async def register(ref_date: date | None) -> None:
        await world.run(
            "municipalities",
            lambda unit: municipalities.register_municipality(unit, "GM0001", "New", 500, ref_date=ref_date),
        )

    for used in (None, date(2025, 1, 1)):
        with pytest.raises(Conflict, match="later countedOn"):
            await register(used)
    await register(date(2026, 1, 1))
    await set_quotas(world, H2, 100)
    assert (await position(world, H2, "GM0001")).quota == 0
    await set_quotas(world, H2.next, 100)
    assert (await position(world, H2.next, "GM0001")).quota == 20


async def test_a_swap_moves_a_part_of_the_task(world: World) -> None:
    """The sum stays, and nobody gives away what is claimed, or more than is left."""
    await prepare(world)
    await claimed(world)
    await swap(world, MUNICIPALITY, OTHER, 49)
    assert ((await position(world, H1)).task, (await position(world, H1, OTHER)).task) == (1, 99)
    with pytest.raises(Conflict, match="less left"):
        await swap(world, MUNICIPALITY, OTHER, 1)
    with pytest.raises(Conflict, match="registered"):
        await swap(world, OTHER, "GM9999", 1)
    with pytest.raises(Conflict, match="not set yet"):
        await world.run("municipalities", lambda unit: quotas.swap_quota(unit, OTHER, MUNICIPALITY, H2, 1))


async def test_swaps_at_the_same_moment_give_away_no_more_than_there_is(world: World) -> None:
    """Whoever books holds the book: of eight swaps of ten people, five fit into a task of fifty."""
    await prepare(world)
    done = await asyncio.gather(*(swap(world, MUNICIPALITY, OTHER, 10) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(outcome, Conflict) for outcome in done) == 3
    assert ((await position(world, H1)).task, (await position(world, H1, OTHER)).task) == (0, 100)


async def test_the_operator_may_say_the_same_twice_at_once(world: World) -> None:
    """One after the other, whoever asks: the second finds it done, and other numbers are told that they are other."""
    counted = counted_on(date(2025, 1, 1), MUNICIPALITY, OTHER)
    await asyncio.gather(*(load(world, counted) for _ in range(3)))
    await asyncio.gather(*(set_quotas(world, H1, 10) for _ in range(3)))
    ladder = (1, 2, 3, 4, 5, 6)
    await asyncio.gather(
        *(
            world.run("municipalities", lambda unit: municipalities.set_ladder(unit, "Utrecht", ladder))
            for _ in range(4)
        )
    )
    merger = Merger((MUNICIPALITY,), "GM1992", date(2026, 2, 1))
    await asyncio.gather(*(merge(world, merger, "New") for _ in range(3)))
    assert (await position(world, H1, "GM1992")).quota == 5
    later = await asyncio.gather(*(set_quotas(world, H2, people) for people in (20, 30)), return_exceptions=True)
    assert ["other numbers" in str(outcome) for outcome in later if outcome] == [True]


async def test_a_merger_hands_over_the_book_the_slots_and_the_claims(world: World) -> None:
    """On its day, by itself. The new one houses the claim; the old one can do nothing any more."""
    await prepare(world)
    claim = await claimed(world)
    await merge(world, Merger((MUNICIPALITY,), "GM1992", date(2026, 4, 1)), "New")
    assert (await position(world, H1)).task == 50
    world.clock.now = datetime(2026, 3, 31, 22, tzinfo=UTC)
    before = world.clock() - timedelta(seconds=1)
    await world.pass_time(seconds=0)
    assert await position(world, H1) == Position()
    assert await position(world, H1, "GM1992") == Position(quota=50, claimed=1)
    assert await position(world, H1, at=before) == Position(quota=50, claimed=1)
    with pytest.raises(Conflict, match="merged"):
        await world.open_slot()
    await world.run("municipalities", lambda unit: claim_handlers.house_claim(unit, RULES, claim.id, "GM1992"))
    assert (await position(world, H1, "GM1992")).housed == 1
    await world.settle()


async def test_a_merger_that_cannot_be_is_refused(world: World) -> None:
    """Unknown municipalities, a day before a population, twice the same."""
    await prepare(world)
    day = date(2026, 6, 1)
    with pytest.raises(Conflict, match="must be registered"):
        await merge(world, Merger(("GM7777",), OTHER, day))
    with pytest.raises(Conflict, match="give its name"):
        await merge(world, Merger((MUNICIPALITY,), "GM1992", day))
    with pytest.raises(Conflict, match="check the day"):
        await merge(world, Merger((MUNICIPALITY,), OTHER, date(2025, 1, 1)))
    await merge(world, Merger((MUNICIPALITY,), OTHER, day))
    with pytest.raises(Conflict, match="already"):
        await merge(world, Merger((MUNICIPALITY,), "GM1992", day), "New")


async def test_the_province_steps_up_at_each_check_behind(world: World) -> None:
    """1 April and 1 October in a row; a province with a table of its own by that; and down at once when on schedule."""
    counted = [
        CountedMunicipality(code, code, province, 1000, day, line)
        for day in (date(2025, 1, 1), date(2026, 1, 1))
        for line, (code, province) in enumerate([(MUNICIPALITY, "Utrecht"), (OTHER, "Noord-Holland")], 2)
    ]
    await world.run("municipalities", lambda unit: municipalities.import_populations(unit, counted))
    await world.run("municipalities", lambda unit: municipalities.set_ladder(unit, "Noord-Holland", [3, 3, 4, 5, 6, 7]))
    await set_quotas(world, H1, 2)
    assert (await standing(world, H1)).supervision_step == 0
    world.clock.now = H1.check_at
    assert (await standing(world, H1)).supervision_step == 1
    for half_year in (H2, H2.next):
        world.clock.now = half_year.check_at
        await set_quotas(world, half_year, 2)
    assert (await standing(world, H2.next)).supervision_step == 3
    assert (await standing(world, H2.next, OTHER)).supervision_step == 2
    assert (await standing(world, H1)).supervision_step == 1


async def test_what_does_not_count_is_housed_all_the_same(world: World) -> None:
    """Under a law without a quota the household has its home, and the ledger only that its claim is over."""
    await prepare(world)
    claim = await claimed(world)
    without = QuotaRules(QuotaKind.NONE)
    await world.run("municipalities", lambda unit: claim_handlers.house_claim(unit, without, claim.id, MUNICIPALITY))
    await world.settle()
    assert await position(world, H1) == Position(quota=50)
    assert await entry_states(world) == ["placed"]
    with pytest.raises(Conflict, match="no quota"):
        await world.run("municipalities", lambda unit: quotas.set_quotas(unit, without, H2, 10))


async def test_an_import_corrects_until_quotas_rest_on_it(world: World) -> None:
    """A revised figure replaces the old one; afterwards it is final, and nothing of the file is imported."""

    def counted(inhabitants: int, code: str = MUNICIPALITY) -> CountedMunicipality:
        return CountedMunicipality(code, "Utrecht", "Utrecht", inhabitants, date(2025, 1, 1), 2)

    async def load(*rows: CountedMunicipality) -> municipalities.Imported:
        return await world.run("municipalities", lambda unit: municipalities.import_populations(unit, rows))

    assert await load(counted(900)) == municipalities.Imported(municipalities=1, populations=1)
    assert await load(counted(900)) == municipalities.Imported(unchanged=1)
    assert await load(counted(950)) == municipalities.Imported(corrected=1)
    await set_quotas(world, H1, 10)
    assert await load(counted(950)) == municipalities.Imported(unchanged=1)
    with pytest.raises(BadRows) as raised:
        await load(counted(951), counted(80, OTHER))
    assert [row.line for row in raised.value.rows] == [2, 2]
    assert "final" in str(raised.value.rows[0])
    assert (await standing(world, H1)).position.quota == 10


async def test_the_database_refuses_to_change_or_remove_a_line(world: World) -> None:
    """The ledger is only added to, whatever the code does."""
    await prepare(world)
    # SQLite has no TRUNCATE, and refuses it like anything that it does not understand.
    for statement in (ledger.update().values(people=0), ledger.delete(), text("TRUNCATE ledger")):
        with pytest.raises(StatementFailed):
            await world.run("municipalities", lambda unit, statement=statement: unit.execute(statement))
    assert (await position(world, H1)).quota == 50
