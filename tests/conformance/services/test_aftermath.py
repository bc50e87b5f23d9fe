"""What becomes of a yes: taken back, overtaken by a home, by what became wrong, or by people who were there already."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from schemas.vocabulary import (
    ExclusionReason,
    MergeUndoReason,
    PermitKind,
    Programme,
    Purpose,
    ReflectionEnd,
    Region,
    UndoReason,
)
from services.chassis.errors import Conflict
from services.cli.simulation.acts import ANSWERING, COORDINATOR, HOUSEHOLD
from services.registry.domain.model import Entry
from services.registry.handlers import consents, entries, households, mergers, offers, permits, reflection
from services.registry.handlers.households import Exclusion
from services.registry.store import grounds
from services.registry.tables import entries as table
from services.shelters.tables import stays
from tests.support.cases import do, offered_bed, places_of
from tests.support.world import World


async def accepted_bed(world: World, entry: Entry, programme: Programme = Programme.COSM) -> tuple[UUID, UUID]:
    """A bed that this entry is offered and accepts: the unit and the offer."""
    unit = await offered_bed(world, programme=programme)
    (offer,) = [offer for offer in await world.offers("made") if offer["entry_id"] == entry.id]
    await world.accept(offer["id"])
    await world.settle()
    return unit, offer["id"]


async def accepted_home(world: World, entry: Entry) -> tuple[UUID, UUID]:
    """A home that this entry is offered and accepts: the slot and the offer."""
    await world.add_municipality()
    slot = await world.open_slot()
    await world.settle()
    (offer,) = [offer for offer in await world.offers("made") if offer["entry_id"] == entry.id]
    await world.accept(offer["id"])
    await world.settle()
    return slot.id, offer["id"]


async def undo(world: World, offer_id: UUID) -> None:
    await do(
        world, lambda unit: offers.undo_answer(world.matchmaker, unit, offer_id, ANSWERING, UndoReason.CHANGED_MIND)
    )


async def kinds(world: World, service: str = "registry") -> list[str]:
    return [kind for kind, _ in await world.events(service)]


async def states_of(world: World, *ids: UUID) -> list[str]:
    return [(await world.entry(id_))["state"] for id_ in ids]


async def test_an_acceptance_is_taken_back_and_the_bed_goes_to_the_next(world: World) -> None:
    """They have their old places back in every list; the same bed is not offered to them again."""
    entry = await world.join(days=9)
    other = await world.join(waitlist="omm", days=7, case_id=entry.case_id)
    second = await world.join(days=1)
    unit, offer_id = await accepted_bed(world, entry)
    await undo(world, offer_id)
    await world.pass_time(seconds=1)
    (gone,) = await world.offers("fell_through")
    assert (gone["id"], gone["reason"], gone["undone"]) == (offer_id, "taken_back", "changed_mind")
    (made,) = await world.offers("made")
    assert made["entry_id"] == second.id
    assert (await world.unit(unit))["offer_id"] == made["id"]
    row = await world.entry(entry.id)
    assert (row["state"], row["waiting_since"]) == ("waiting", entry.waiting_since)
    assert await states_of(world, other.id) == ["waiting"]
    with pytest.raises(Conflict, match="only one that is"):
        await undo(world, offer_id)


async def test_an_acceptance_stands_once_they_have_arrived_or_were_claimed(world: World) -> None:
    """Something depends on it then."""
    entry = await world.join()
    unit, offer_id = await accepted_bed(world, entry)
    await world.arrive(unit)
    await world.settle()
    with pytest.raises(Conflict, match="fulfilled"):
        await undo(world, offer_id)
    home = await world.join(waitlist="housing", case_id=entry.case_id)
    slot, housing_offer = await accepted_home(world, home)
    await world.claim(slot)
    await world.settle()
    with pytest.raises(Conflict, match="claimed"):
        await undo(world, housing_offer)


@pytest.mark.parametrize("answered", [False, True])
async def test_who_was_there_before_anyone_heard_of_it_is_there(world: World, answered: bool) -> None:  # noqa: FBT001 - a case
    """The taking back and the arrival pass each other: the bed is theirs, and the next has their own place back."""
    entry = await world.join(days=9)
    second = await world.join(days=1)
    unit, offer_id = await accepted_bed(world, entry)
    await world.run(
        "registry",
        lambda work: offers.undo_answer(world.matchmaker, work, offer_id, ANSWERING, UndoReason.MISTAKE),
    )
    (made,) = await world.offers("made")
    if answered:
        await world.accept(made["id"])
    await world.arrive(unit)
    await world.settle()
    (fulfilled,) = await world.offers("fulfilled")
    assert fulfilled["id"] == offer_id
    assert await states_of(world, entry.id, second.id) == ["placed", "waiting"]
    ended = "fell_through" if answered else "revoked"
    assert [(offer["id"], offer["reason"]) for offer in await world.offers(ended)] == [(made["id"], "occupied")]
    assert (await world.unit(unit))["state"] == "occupied"


async def test_who_was_there_after_all_is_not_offered_something_else(world: World) -> None:
    """What they were offered and said yes to meanwhile goes back to others."""
    entry = await world.join(days=9)
    unit, offer_id = await accepted_bed(world, entry)
    await world.run(
        "registry",
        lambda work: offers.undo_answer(world.matchmaker, work, offer_id, ANSWERING, UndoReason.MISTAKE),
    )
    held = await world.hold_back("registry")
    await world.pass_time(seconds=1)
    another = await offered_bed(world)
    (offer,) = await world.offers("made")
    assert offer["entry_id"] == entry.id
    await world.accept(offer["id"])
    await world.arrive(unit)
    await world.settle()
    await world.hand_on(held)
    await world.settle()
    assert await states_of(world, entry.id) == ["placed"]
    assert (await world.unit(another))["state"] == "free"


async def test_a_home_ends_a_bed_that_was_accepted_and_not_moved_into(world: World) -> None:
    """The bed goes to the next at once, and they stand in no list any more."""
    entry = await world.join(waitlist="omm", days=9)
    second = await world.join(waitlist="omm", days=1)
    home = await world.join(waitlist="housing", case_id=entry.case_id)
    unit, _ = await accepted_bed(world, entry, Programme.OMM)
    slot, _ = await accepted_home(world, home)
    claim = await world.claim(slot)
    await world.settle()
    await world.house(claim.id)
    await world.settle()
    assert [offer["reason"] for offer in await world.offers("fell_through")] == ["housed"]
    (made,) = await world.offers("made")
    assert made["entry_id"] == second.id
    assert (await world.unit(unit))["offer_id"] == made["id"]
    assert await places_of(world, entry.case_id) == {"omm": "withdrawn", "housing": "placed"}


async def test_who_got_a_home_while_arriving_in_a_shelter_leaves_that_bed(world: World) -> None:
    """The arrival is heard of last; the bed comes free by itself."""
    entry = await world.join(waitlist="omm", days=9)
    home = await world.join(waitlist="housing", case_id=entry.case_id)
    unit, _ = await accepted_bed(world, entry, Programme.OMM)
    slot, _ = await accepted_home(world, home)
    claim = await world.claim(slot)
    await world.settle()
    await world.arrive(unit)
    arrival = await world.hold_back("shelters")
    await world.house(claim.id)
    await world.settle()
    await world.hand_on(arrival)
    await world.settle()
    assert (await world.unit(unit))["state"] == "free"
    assert "placement-ended" in await kinds(world)


async def test_who_arrives_in_another_shelter_leaves_the_one_before(world: World) -> None:
    """One household, one bed: the first comes free and is offered to the next."""
    entry = await world.join(days=9)
    unit, _ = await accepted_bed(world, entry)
    await world.arrive(unit)
    await world.settle()
    other = await world.join(waitlist="omm", case_id=entry.case_id)
    onward, _ = await accepted_bed(world, other, Programme.OMM)
    await world.arrive(onward)
    await world.settle()
    assert (await world.unit(unit))["state"] == "free"
    assert (await world.unit(onward))["state"] == "occupied"
    (ended,) = [data for kind, data in await world.events("registry") if kind == "placement-ended"]
    assert ended.reason == "moved"


async def test_nothing_is_offered_after_consent_was_withdrawn_while_a_bed_was_accepted(world: World) -> None:
    """What was accepted stays; when it falls through they do not come back into line."""
    entry = await world.join()
    unit, _ = await accepted_bed(world, entry)
    (consent,) = [
        row
        for row in await world.run("registry", lambda work: grounds.consents_of(work, entry.case_id))
        if row["purpose"] == Purpose.SHELTER
    ]
    await do(
        world,
        lambda work: consents.withdraw_consent(world.matchmaker, work, entry.case_id, consent["id"], COORDINATOR),
    )
    assert await states_of(world, entry.id) == ["offered"]
    await offered_bed(world)
    await world.withdraw_bed(unit)
    await world.settle()
    assert await states_of(world, entry.id) == ["withdrawn"]
    assert await world.offers("made") == []


async def test_a_pause_of_its_own_outlives_an_acceptance_elsewhere(world: World) -> None:
    """Whether it was there before or was asked for meanwhile; and it may end meanwhile."""
    entry = await world.join(waitlist="omm", days=9)
    pausing, asked, over = [await world.join(waitlist=one, case_id=entry.case_id) for one in ("vo", "loverboy", "cosm")]

    async def pause(one: Entry, until: object = None) -> None:
        await do(world, lambda work: entries.pause(world.matchmaker, work, one.id, COORDINATOR, until))  # type: ignore[arg-type] # a moment or none

    await pause(pausing)
    await pause(over, world.clock() + timedelta(hours=1))
    unit, _ = await accepted_bed(world, entry, Programme.OMM)
    await pause(asked)
    await world.pass_time(hours=2)
    assert await states_of(world, pausing.id, asked.id, over.id) == ["paused"] * 3
    await world.withdraw_bed(unit)
    await world.settle()
    await world.pass_time(seconds=1)
    assert await states_of(world, pausing.id, asked.id, over.id) == ["paused", "paused", "waiting"]


async def was_told_of(world: World, offer_id: UUID) -> None:
    """Of this place that became wrong, and of nothing else, the coordinator and the helpdesk."""
    told = [data for kind, data in await world.events("registry") if kind == "contact-needed"]
    assert {(data.reason, data.offer_id) for data in told} == {("place_no_longer_suitable", offer_id)}
    assert [data.recipients for data in told] == [[COORDINATOR], ["comensha"]]


async def test_what_became_wrong_after_a_yes_is_told_to_who_can_act(world: World) -> None:
    """A promise to both sides is not torn up by us; once for each thing that is wrong, to coordinator and helpdesk."""
    entry = await world.join()
    unit, offer_id = await accepted_bed(world, entry)
    larger = replace(HOUSEHOLD, children=3)
    for _ in range(2):
        await world.change(entry.case_id, larger)
    await was_told_of(world, offer_id)
    assert (await world.unit(unit))["state"] == "reserved"


async def merged(world: World, survivor: UUID, other: UUID) -> UUID:
    return await do(world, lambda unit: mergers.merge(world.matchmaker, unit, COORDINATOR, survivor, other))


async def line_of(world: World, entry_id: UUID) -> tuple[object, ...]:
    row = await world.entry(entry_id)
    names = ("state", "precedence", "waiting_since", "pause_reason", "paused_until")
    return tuple(row[name] for name in names)


async def test_a_merger_keeps_the_pause_and_the_urgency_of_either(world: World) -> None:
    """In a list where both stand and in one where only the other did; taken apart, each is as it was."""
    survivor = await world.join(days=1)
    other = await world.join(days=5, urgency=4)
    further = await world.join(waitlist="omm", case_id=other.case_id, urgency=2)
    until = world.clock() + timedelta(days=3)
    for one in (other, further):
        await do(world, lambda work, one=one: entries.pause(world.matchmaker, work, one.id, COORDINATOR, until))  # type: ignore[misc] # mypy cannot infer a lambda with a default
    before = [await line_of(world, one.id) for one in (survivor, other, further)]
    merger_id = await merged(world, survivor.case_id, other.case_id)
    assert await line_of(world, survivor.id) == ("paused", 5, other.waiting_since, "requested", until)
    joined = await world.rows("registry", select(table).where(table.c.case_id == survivor.case_id))
    assert [(row["state"], row["precedence"], row["paused_until"]) for row in joined if row["waitlist"] == "omm"] == [
        ("paused", 7, until)
    ]
    reason = MergeUndoReason.TWO_PERSONS
    await do(world, lambda unit: mergers.undo(world.matchmaker, unit, COORDINATOR, merger_id, reason))
    assert [await line_of(world, one.id) for one in (survivor, other, further)] == before


async def test_what_was_offered_to_the_other_is_for_the_survivor_who_joins_by_the_merger(world: World) -> None:
    """Also when nobody like the survivor stood in that list before: they are the first in line for it."""
    survivor = await world.join(days=1)
    other = await world.join(replace(HOUSEHOLD, region=Region.LIMBURG), waitlist="omm", days=5)
    await offered_bed(world, programme=Programme.OMM)
    (offer,) = await world.offers("made")
    assert offer["entry_id"] == other.id
    await merged(world, survivor.case_id, other.case_id)
    (offer,) = await world.offers("made")
    assert offer["case_id"] == survivor.case_id


async def test_who_was_there_after_all_stands_aside_no_more(world: World) -> None:
    """They took a yes back, said yes elsewhere, and were in the first bed all the time."""
    entry = await world.join(days=9)
    other = await world.join(waitlist="omm", days=7, case_id=entry.case_id)
    unit, offer_id = await accepted_bed(world, entry)
    await world.run(
        "registry",
        lambda work: offers.undo_answer(world.matchmaker, work, offer_id, ANSWERING, UndoReason.MISTAKE),
    )
    held = await world.hold_back("registry")
    await world.pass_time(seconds=1)
    await accepted_bed(world, other, Programme.OMM)
    await world.arrive(unit)
    await world.settle()
    await world.hand_on(held)
    await world.settle()
    row = await world.entry(entry.id)
    assert (row["state"], row["released"]) == ("placed", False)
    assert await states_of(world, other.id) == ["withdrawn"]


async def test_who_accepted_elsewhere_since_a_merger_stands_aside_when_it_is_undone(world: World) -> None:
    """The place in line is as it was before; that they said yes in another list is as it is now."""
    survivor = await world.join(days=1)
    elsewhere = await world.join(waitlist="omm", case_id=survivor.case_id)
    other = await world.join(days=5)
    merger_id = await merged(world, survivor.case_id, other.case_id)
    await accepted_bed(world, elsewhere, Programme.OMM)
    reason = MergeUndoReason.TWO_PERSONS
    await do(world, lambda unit: mergers.undo(world.matchmaker, unit, COORDINATOR, merger_id, reason))
    row = await world.entry(survivor.id)
    assert (row["state"], row["released"], row["waiting_since"]) == ("paused", True, survivor.waiting_since)


async def test_a_permit_after_a_yes_to_categorical_shelter_is_told_to_who_can_act(world: World) -> None:
    """The right to it has ended, and the bed is promised: people decide. Once, however much else changes."""
    entry = await world.join()
    unit, offer_id = await accepted_bed(world, entry)
    today = world.clock().date()
    await do(
        world,
        lambda work: permits.grant_permit(world.matchmaker, work, entry.case_id, COORDINATOR, PermitKind.ASYLUM, today),
    )
    await world.change(entry.case_id, HOUSEHOLD)
    await was_told_of(world, offer_id)
    assert (await world.unit(unit))["state"] == "reserved"


async def test_a_rule_against_where_they_live_is_told_to_who_can_act(world: World) -> None:
    """The registry puts nobody out; a rule against another place says nothing about this one."""
    entry = await world.join()
    unit, offer_id = await accepted_bed(world, entry)
    await world.arrive(unit)
    await world.settle()
    facility = (await world.unit(unit))["facility_id"]
    for place in (entry.id, facility):
        rule = Exclusion(ExclusionReason.FAMILY_THERE, facility_id=place)
        await do(
            world,
            lambda work, rule=rule: households.exclude(  # type: ignore[misc] # mypy cannot infer a lambda with defaults
                world.matchmaker, world.vault, work, entry.case_id, COORDINATOR, rule
            ),
        )
    await was_told_of(world, offer_id)
    assert (await world.unit(unit))["state"] == "occupied"


async def leave_for_nowhere(world: World, case_id: UUID) -> None:
    reason, today = ReflectionEnd.LEFT_UNKNOWN_DESTINATION, world.clock().date()
    await do(world, lambda unit: reflection.end(world.matchmaker, unit, case_id, COORDINATOR, reason, today))


async def test_who_left_to_nobody_knows_where_frees_their_bed(world: World) -> None:
    """The reflection period ends by that, the stay too, and the next in line is offered the bed."""
    entry, second = await world.join(days=9), await world.join(days=5)
    unit, _ = await accepted_bed(world, entry)
    await world.arrive(unit)
    await world.settle()
    await leave_for_nowhere(world, entry.case_id)
    assert [offer["entry_id"] for offer in await world.offers("made")] == [second.id]
    assert (await world.unit(unit))["state"] == "held"
    (stay,) = await world.rows("shelters", select(stays))
    assert (stay["departure_reason"], stay["departed_at"]) == ("left_unknown_destination", world.clock())


async def test_who_left_before_they_arrived_keeps_no_bed_and_waits_for_none(world: World) -> None:
    """What they accepted goes to the next, and their places in other shelter lists end."""
    entry, second = await world.join(days=9), await world.join(days=5)
    other = await world.join(waitlist="omm", case_id=entry.case_id)
    await accepted_bed(world, entry)
    await leave_for_nowhere(world, entry.case_id)
    assert [offer["entry_id"] for offer in await world.offers("made")] == [second.id]
    assert await states_of(world, entry.id, other.id) == ["withdrawn", "withdrawn"]
