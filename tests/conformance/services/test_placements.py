"""Households that have a place which the registry did not offer them, on both databases."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from schemas.vocabulary import PlacementKind, PlacementReview
from services.chassis.database import Row
from services.chassis.errors import Conflict
from services.cli.simulation.acts import COORDINATOR
from services.registry.handlers import placements
from services.registry.handlers.placements import Found
from services.registry.tables import entries
from services.registry.tables import placements as placements_table
from services.shelters.tables import stays
from tests.support.cases import do, holder, offered_bed, places_of, register
from tests.support.world import World

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


async def test_a_bed_in_which_police_brought_somebody_is_offered_to_nobody_any_more(world: World) -> None:
    """Whoever it was offered to keeps their place in line: two households are never sent to one bed."""
    entry = await world.join()
    unit_id = await offered_bed(world)
    found = Found(PlacementKind.EMERGENCY, world.clock(), unit_id=unit_id)
    made = await record(world, await register(world), found)
    assert [(offer["state"], offer["reason"]) for offer in await world.offers()] == [("revoked", "occupied")]
    assert (await world.entry(entry.id))["state"] == "waiting"
    row = await world.unit(unit_id)
    assert (row["state"], row["vacancy_id"]) == ("occupied", made)


async def test_a_unit_that_is_offered_as_free_is_not_taken_after_the_fact(world: World) -> None:
    """But for what police did at night: its provider takes it back first."""
    unit_id = await offered_bed(world)
    case_id = await register(world)
    found = Found(PlacementKind.OUTSIDE, world.clock(), unit_id=unit_id)
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


# In a unit of a provider that takes part


async def placement(world: World, placement_id: UUID) -> Row:
    (row,) = await world.rows("registry", select(placements_table).where(placements_table.c.id == placement_id))
    return row


async def stay_of(world: World, placement_id: UUID) -> Row:
    (row,) = await world.rows("shelters", select(stays).where(stays.c.vacancy_id == placement_id))
    return row


async def test_a_unit_in_which_somebody_was_found_is_not_to_be_had(world: World) -> None:
    """It is occupied, with a stay since they came, until they have left; then the next household is offered it."""
    unit_id = await world.add_unit()
    made = await world.find(await register(world), unit_id)
    await world.settle()
    row = await world.unit(unit_id)
    assert (row["state"], row["vacancy_id"], row["offer_id"]) == ("occupied", made, made)
    assert (await stay_of(world, made))["arrived_at"] == world.clock() - timedelta(hours=9)
    with pytest.raises(Conflict, match="occupied"):
        await world.post_bed(unit_id)
    waiting = await world.join()
    await world.lose(made)
    await world.settle()
    assert (await stay_of(world, made))["departed_at"] == world.clock()
    assert await holder(world) == [waiting.case_id]


async def test_a_unit_that_was_posted_meanwhile_is_withdrawn_and_its_offer_revoked(world: World) -> None:
    """The post and the record crossed; the household that was offered it waits where it was."""
    entry = await world.join()
    unit_id = await world.add_unit()
    made = await world.find(await register(world), unit_id)
    await world.post_bed(unit_id)
    await world.carry("shelters")
    assert await holder(world) == [entry.case_id]
    await world.settle()
    assert [(offer["state"], offer["reason"]) for offer in await world.offers()] == [("revoked", "occupied")]
    assert (await world.entry(entry.id))["state"] == "waiting"
    assert (await world.unit(unit_id))["vacancy_id"] == made
    withdrawn = [data.reason for kind, data in await world.events("shelters") if kind == "bed-withdrawn"]
    assert withdrawn == ["occupied"]


@pytest.mark.parametrize("state", ["reserved", "occupied"])
async def test_nothing_is_taken_from_others(world: World, state: str) -> None:
    """The unit stays theirs, and the placement says what is the matter, until somebody has found out."""
    unit_id = await world.add_unit()
    case_id = await register(world)
    if state == "occupied":
        await take(world, unit_id)
        made = await world.find(case_id, unit_id)
    else:
        made = await world.find(case_id, unit_id)
        held_back = await world.hold_back("registry")
        await take(world, unit_id, arrive=False)
        await world.hand_on(held_back)
    before = list(await world.unit(unit_id))
    await world.settle()
    assert (await placement(world, made))["conflict"] == f"unit_{state}"
    assert state in before
    await world.lose(made)
    await world.settle()
    assert list(await world.unit(unit_id)) == before


async def test_a_unit_that_nobody_knows_is_a_conflict(world: World) -> None:
    """Such as one with an error in its id."""
    made = await world.find(await register(world), world.identifiers())
    await world.settle()
    assert (await placement(world, made))["conflict"] == "unit_unknown"
    await world.lose(made)


async def test_a_departure_that_the_provider_records_ends_the_placement(world: World) -> None:
    """And the coordinator can record the next place at once."""
    unit_id, case_id = await world.add_unit(), await register(world)
    made = await world.find(case_id, unit_id)
    await world.settle()
    await world.depart(unit_id)
    await world.settle()
    assert (await placement(world, made))["ended_at"] == world.clock()
    assert (await world.unit(unit_id))["state"] == "free"
    with pytest.raises(Conflict, match="ended already"):
        await world.lose(made)
    await world.find(case_id)


async def test_an_end_that_arrives_before_the_beginning_counts(world: World) -> None:
    """Messages may overtake each other; the unit is not occupied by somebody who has left."""
    unit_id = await world.add_unit()
    await world.lose(await world.find(await register(world), unit_id))
    await world.hand_on(reversed(await world.hold_back("registry")))
    assert (await world.unit(unit_id))["state"] == "out_of_service"


@pytest.mark.parametrize("where", ["shelter", "home"])
async def test_whoever_moves_on_leaves_the_bed_in_which_they_were_found(world: World, where: str) -> None:
    """It comes free by itself when they arrive at the place that they accepted."""
    await world.add_municipality()
    entry = await world.join(waitlist="cosm" if where == "shelter" else "housing")
    night = await world.add_unit(1)
    made = await world.find(entry.case_id, night)
    await world.settle()
    if where == "shelter":
        await take(world, await world.add_unit())
    else:
        slot = await world.open_slot()
        await world.settle()
        await world.accept((await world.offers("made"))[0]["id"])
        await world.settle()
        claim = await world.claim(slot.id)
        await world.settle()
        await world.house(claim.id)
        await world.settle()
    assert (await placement(world, made))["ended_at"] == world.clock()
    assert (await world.unit(night))["state"] == "free"
    reason = (await stay_of(world, made))["departure_reason"]
    assert reason == ("onward_shelter" if where == "shelter" else "onward_home")


async def take(world: World, unit_id: UUID, *, arrive: bool = True) -> None:
    """Someone else is offered the unit, accepts, and arrives."""
    if not await world.count("registry", entries, entries.c.state == "waiting"):
        await world.join()
    await world.post_bed(unit_id)
    await world.settle()
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    if arrive:
        await world.arrive(unit_id)
        await world.settle()
