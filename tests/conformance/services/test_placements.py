"""Households that have a place which the registry did not offer them, on both databases."""

from datetime import timedelta
from uuid import UUID

import pytest

from schemas.vocabulary import PlacementKind, PlacementReview
from services.chassis.errors import Conflict
from services.registry.handlers import placements
from services.registry.handlers.placements import Found
from tests.support.cases import do, holder, offered_bed, places_of, register
from tests.support.world import COORDINATOR, World

ENDS_WAITING = {PlacementKind.EMERGENCY: False, PlacementKind.OUTSIDE: True}


async def test_a_placement_after_the_fact_is_recorded_and_ends_the_waiting_as_it_is_set(world: World) -> None:
    """An emergency bed keeps the place in line, a place outside the system gives it up."""
    first, second = await world.join(days=9), await world.join(days=5)
    await offered_bed(world)
    night = Found(PlacementKind.EMERGENCY, world.clock() - timedelta(hours=9))
    made = await record(world, first.case_id, night)
    assert await holder(world) == [first.case_id]
    with pytest.raises(Conflict):
        await record(world, first.case_id, night)
    await do(world, lambda unit: placements.end_placement(unit, made, COORDINATOR))
    await record(world, first.case_id, Found(PlacementKind.OUTSIDE, world.clock()))
    assert await holder(world) == [second.case_id]
    assert await places_of(world, first.case_id) == {"cosm": "withdrawn"}


async def test_a_unit_that_is_offered_as_free_is_not_taken_after_the_fact(world: World) -> None:
    """Its provider must take it back first, or two households would be sent to it."""
    unit_id = await offered_bed(world)
    case_id = await register(world)
    found = Found(PlacementKind.EMERGENCY, world.clock(), unit_id=unit_id)
    with pytest.raises(Conflict):
        await record(world, case_id, found)
    await world.withdraw_bed(unit_id)
    await world.settle()
    made = await record(world, case_id, found)
    in_error = PlacementReview.RECORDED_IN_ERROR
    await do(world, lambda unit: placements.review_placement(unit, made, COORDINATOR, in_error))
    await record(world, case_id, Found(PlacementKind.EMERGENCY, world.clock()))


async def record(world: World, case_id: UUID, found: Found) -> UUID:
    return await do(
        world,
        lambda unit: placements.record_placement(world.matchmaker, ENDS_WAITING, unit, case_id, COORDINATOR, found),
    )
