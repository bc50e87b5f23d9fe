"""What the weekly overview counts and lists, on both databases."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from schemas.access import ACCESS
from schemas.api.shelters import NewExpectedExit, ProgrammeOverview, WeeklyOverview, WeeklyOverviewQuery
from schemas.vocabulary import DelayReason
from services.chassis.identity import Principal, Role
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call
from services.shelters.handlers import households
from services.shelters.routes.overviews import get_weekly_overview
from tests.support.shelters import another, moved_in
from tests.support.world import World

MONDAY = datetime.fromisoformat("2026-03-02T00:00:00+01:00")


async def overview(world: World, unit_id: UUID, week: str | None = None) -> ProgrammeOverview:
    """What the unit's provider sees of its one programme."""
    owner = (await world.unit(unit_id))["organisation"]
    principal = Principal("system", owner, Role.PROVIDER, frozenset())
    call = Call(
        principal,
        None,
        {},
        WeeklyOverviewQuery(week=week),
        {},
        "request",
        None,
        world.clock(),
        ACCESS["shelters"]["getWeeklyOverview"],
    )

    async def read(unit: UnitOfWork) -> ProgrammeOverview:
        body = (await get_weekly_overview(call, unit)).body
        assert isinstance(body, WeeklyOverview)
        (programme,) = body.programmes
        return programme

    return await world.services["shelters"].transactions.read(read)


async def expect(world: World, unit_id: UUID, expected_exit_on: date | None) -> None:
    """The provider expects the household to leave on this day, because there is no home for it."""
    owner, reason = (await world.unit(unit_id))["organisation"], DelayReason.NO_HOME_AVAILABLE
    expected = NewExpectedExit(unit_id=unit_id, expected_exit_on=expected_exit_on, delay_reason=reason)
    await world.run("shelters", lambda unit: households.expect_exit(unit, expected, owner))


async def until(world: World, moment: datetime) -> None:
    """Wait for this moment."""
    await world.pass_time(seconds=(moment - world.clock()).total_seconds())


async def test_who_leaves_when_a_week_begins_leaves_in_that_week(world: World) -> None:
    """At Monday's midnight in the Netherlands: in the week that begins, and not in the one that ends."""
    unit = await moved_in(world)
    await until(world, MONDAY)
    await world.depart(unit)
    weeks = [(await overview(world, unit, week)).departures for week in ("2026-W09", "2026-W10", "2026-W11")]
    assert weeks == [0, 1, 0]


async def test_a_unit_is_in_service_from_the_day_that_it_is_available(world: World) -> None:
    """Posted ahead it counts when that day begins, as for a contract, and not before."""
    now_used = await world.add_unit(places=2)
    later = await another(world, now_used)
    await moved_in(world, unit_id=now_used)
    day = MONDAY + timedelta(days=1)
    await world.post_bed(later, available_from=day + timedelta(hours=20))
    await until(world, day - timedelta(seconds=1))
    seen = await overview(world, now_used)
    assert (seen.units_in_service, seen.places_in_service, seen.places_occupied) == (1, 2, 2)
    await until(world, day)
    seen = await overview(world, now_used)
    assert (seen.units_in_service, seen.places_in_service, seen.places_occupied) == (2, 4, 2)


EXPECTED = (
    (None, False),
    (date(2026, 4, 1), False),
    (date(2026, 6, 1), False),
    (date(2026, 6, 2), True),
    (date(2026, 7, 15), True),
    (date(2026, 7, 16), True),
    (date(2030, 1, 1), True),
)
"""For a household that arrived on 1 March 2026: the exit that is expected, and whether that is beyond three months."""


async def test_who_will_stay_beyond_three_months_is_listed_before_they_are_over(world: World) -> None:
    """With the reason, when the three months end, and when they are expected to leave."""
    unit = await moved_in(world)
    await until(world, datetime(2026, 4, 15, 12, tzinfo=UTC))
    for expected_exit_on, beyond in EXPECTED:
        await expect(world, unit, expected_exit_on)
        seen = await overview(world, unit)
        assert (seen.long_stays, seen.expected_long_stays) == (0, int(beyond)), expected_exit_on
        listed = [(stay.three_months_end_on, stay.expected_exit_on) for stay in seen.stays_beyond_three_months]
        assert listed == [(date(2026, 6, 1), expected_exit_on)] * beyond
        assert all(stay.delay_reason is DelayReason.NO_HOME_AVAILABLE for stay in seen.stays_beyond_three_months)


async def test_who_was_expected_to_stay_beyond_three_months_has_done_so_when_they_are_over(world: World) -> None:
    """Counted once, whatever is expected; those who are beyond them come first."""
    unit = await world.add_unit()
    later = await another(world, unit)
    await moved_in(world, unit_id=unit)
    await expect(world, unit, date(2026, 9, 1))
    await until(world, datetime.fromisoformat("2026-06-01T23:59:59+02:00"))
    await moved_in(world, unit_id=later)
    await expect(world, later, date(2026, 9, 2))
    seen = await overview(world, unit)
    assert (seen.long_stays, seen.expected_long_stays) == (0, 2)
    await until(world, datetime.fromisoformat("2026-06-02T00:00:00+02:00"))
    seen = await overview(world, unit)
    assert (seen.long_stays, seen.expected_long_stays) == (1, 1)
    assert [stay.unit_id for stay in seen.stays_beyond_three_months] == [unit, later]


async def test_who_is_still_there_after_their_exit_was_expected_is_overdue(world: World) -> None:
    """From the next day on, in each week that is looked at, until they leave; and in the week of the exit as before."""
    unit = await moved_in(world)
    await expect(world, unit, date(2026, 3, 8))
    for moment, overdue in (("2026-03-08T23:59:59+01:00", 0), ("2026-03-09T00:00:00+01:00", 1)):
        await until(world, datetime.fromisoformat(moment))
        seen = await overview(world, unit)
        assert (seen.overdue_exits, [exit_.unit_id for exit_ in seen.exits_overdue]) == (overdue, [unit] * overdue)
    assert seen.expected_exits == 0
    past = await overview(world, unit, "2026-W10")
    assert (past.expected_exits, past.overdue_exits) == (1, 1)
    await world.depart(unit)
    seen = await overview(world, unit)
    assert (seen.overdue_exits, seen.exits_overdue) == (0, [])
