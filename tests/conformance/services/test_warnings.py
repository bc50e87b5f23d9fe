"""Coordinators are warned before a reflection period ends: in time, once each time, and only when it matters."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import select

from schemas.vocabulary import PermitKind, PlacementKind, ReflectionEnd
from services.cli.simulation.acts import COORDINATOR
from services.notifications.tables import notifications
from services.registry.handlers import permits, placements, reflection
from services.registry.handlers.placements import Found
from services.registry.handlers.warnings import periods_ending
from services.registry.tables import reflection_periods
from tests.support.cases import do, offered_bed
from tests.support.world import World

OVER_AT = datetime(2026, 5, 31, 22, tzinfo=UTC)
"""The end of a period that began on the day on which worlds begin."""
FIRST, SECOND = (OVER_AT - timedelta(days=days) for days in (14, 3))
MOMENT = timedelta(seconds=1)


async def warned(world: World) -> list[UUID]:
    """The cases that coordinators were warned of, in order."""
    told = (notifications.c.recipient == COORDINATOR, notifications.c.kind == "reflection-period-ending")
    rows = await world.rows("notifications", select(notifications).where(*told).order_by(notifications.c.sequence))
    assert {row["dataref"] for row in rows} == {
        f"/registry/v1/cases/{row['subject']}/reflection-period" for row in rows
    }
    return [await world.meant_by(COORDINATOR, row["subject"]) for row in rows]


async def at(world: World, moments: Sequence[datetime]) -> None:
    """Let everything happen that is due at each of these moments."""
    for moment in moments:
        await world.pass_time(seconds=(moment - world.clock()).total_seconds())


async def test_the_coordinator_is_warned_two_weeks_and_three_days_before_the_end(world: World) -> None:
    """Not a moment sooner, not twice, and not when it is over."""
    case_id = (await world.join()).case_id
    await at(world, [FIRST - MOMENT])
    assert await warned(world) == []
    await at(world, [FIRST, FIRST, FIRST + MOMENT])
    assert await warned(world) == [case_id]
    await at(world, [SECOND - MOMENT])
    assert await warned(world) == [case_id]
    await at(world, [SECOND, SECOND])
    assert await warned(world) == [case_id, case_id]
    await at(world, [OVER_AT, OVER_AT + timedelta(days=30)])
    assert await warned(world) == [case_id, case_id]


async def test_what_was_missed_is_said_once_and_never_after_the_end(world: World) -> None:
    """After an outage of the registry."""
    case_id = (await world.join()).case_id
    await at(world, [OVER_AT - MOMENT])
    assert await warned(world) == [case_id]
    late = (await world.join()).case_id
    world.clock.now += timedelta(days=200)
    await at(world, [world.clock() + MOMENT])
    assert late not in await warned(world)
    assert await world.count("registry", reflection_periods, reflection_periods.c.warn_at.is_not(None)) == 0


async def test_several_replicas_warn_once(world: World) -> None:
    """Whoever holds the period warns of it."""
    cases = {(await world.join()).case_id for _ in range(5)}
    world.clock.now = FIRST
    work = partial(periods_ending, world.matchmaker)
    await asyncio.gather(*(world.run("registry", work) for _ in range(4)))
    await world.run("registry", work)
    await world.settle()
    told = await warned(world)
    assert (set(told), len(told)) == (cases, len(cases))


@pytest.mark.parametrize("what", ["ended", "permit", "left", "placed elsewhere"])
async def test_nobody_is_warned_of_what_no_longer_matters(world: World, what: str) -> None:
    """The period is over, or they need nothing of it any more."""
    entry = await world.join()
    case_id, today, matchmaker = entry.case_id, world.clock().date(), world.matchmaker
    if what == "ended":
        why = ReflectionEnd.LEFT_UNKNOWN_DESTINATION
        await do(world, lambda unit: reflection.end(matchmaker, unit, case_id, COORDINATOR, why, today))
    elif what == "permit":
        kind = PermitKind.ASYLUM
        await do(world, lambda unit: permits.grant_permit(matchmaker, unit, case_id, COORDINATOR, kind, today))
    elif what == "left":
        await world.leave(entry.id)
    else:
        found, ends = Found(PlacementKind.OUTSIDE, world.clock()), dict.fromkeys(PlacementKind, True)
        await do(world, lambda unit: placements.record_placement(matchmaker, ends, unit, case_id, COORDINATOR, found))
    await at(world, [FIRST, SECOND])
    assert await warned(world) == []


async def test_whoever_lives_in_categorical_shelter_is_warned_of_until_they_have_left(world: World) -> None:
    """Being placed there is why it matters."""
    case_id = (await world.join()).case_id
    unit_id = await offered_bed(world)
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    await world.arrive(unit_id)
    await world.settle()
    await at(world, [FIRST])
    assert await warned(world) == [case_id]
    await world.depart(unit_id)
    await world.settle()
    await at(world, [SECOND])
    assert await warned(world) == [case_id]
