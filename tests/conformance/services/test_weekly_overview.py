"""What the weekly overview counts and lists, on both databases."""

from datetime import datetime, timedelta
from uuid import UUID

from schemas.api.shelters import ProgrammeOverview, WeeklyOverview, WeeklyOverviewQuery
from services.chassis.identity import Principal, Role
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call
from services.shelters.routes.overviews import get_weekly_overview
from tests.support.shelters import another, moved_in
from tests.support.world import World

MONDAY = datetime.fromisoformat("2026-03-02T00:00:00+01:00")


async def overview(world: World, unit_id: UUID, week: str | None = None) -> ProgrammeOverview:
    """What the unit's provider sees of its one programme."""
    owner = (await world.unit(unit_id))["organisation"]
    principal = Principal("system", owner, Role.PROVIDER, frozenset())
    call = Call(principal, None, {}, WeeklyOverviewQuery(week=week), {}, "request", None, world.clock())

    async def read(unit: UnitOfWork) -> ProgrammeOverview:
        body = (await get_weekly_overview(call, unit)).body
        assert isinstance(body, WeeklyOverview)
        (programme,) = body.programmes
        return programme

    return await world.services["shelters"].transactions.read(read)


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
