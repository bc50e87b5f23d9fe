"""Two cases that are one person, and two that are not after all, on both databases."""

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import select, update

from schemas.vocabulary import ExclusionReason, MergeUndoReason, Need, PermitKind, Programme, Purpose, Secrecy
from services.chassis.errors import Conflict, NotFound
from services.cli.simulation.acts import COORDINATOR, HOUSEHOLD
from services.registry.checks import findings
from services.registry.handlers import consents, entries, households, mergers
from services.registry.handlers.households import Exclusion
from services.registry.store import grounds
from services.registry.tables import cases, members
from services.registry.tables import entries as entries_table
from services.shelters.tables import units
from tests.support.cases import do, holder, offered_bed, places_of, register, since_of
from tests.support.world import World

WAITING = entries_table.c.state == "waiting"


async def merge(world: World, survivor: UUID, merged: UUID) -> UUID:
    return await do(world, lambda unit: mergers.merge(world.matchmaker, unit, COORDINATOR, survivor, merged))


async def undo(world: World, merger_id: UUID) -> None:
    reason = MergeUndoReason.TWO_PERSONS
    await do(world, lambda unit: mergers.undo(world.matchmaker, unit, COORDINATOR, merger_id, reason))


async def pause(world: World, entry_id: UUID) -> None:
    await do(world, lambda unit: entries.pause(world.matchmaker, unit, entry_id, COORDINATOR, None))


async def withdraw_consent(world: World, case_id: UUID, purpose: Purpose) -> None:
    found = await world.run("registry", lambda unit: grounds.consents_of(unit, case_id))
    consent = next(row["id"] for row in found if row["purpose"] == purpose)
    await do(world, lambda unit: consents.withdraw_consent(world.matchmaker, unit, case_id, consent, COORDINATOR))


async def test_two_cases_that_are_one_person_stand_once_in_each_list(world: World) -> None:
    """With the earliest waiting-since; what was offered to the other one goes to the first in line, who is now this."""
    other = await world.join(days=30)
    await world.join(waitlist="omm", case_id=other.case_id, days=20)
    survivor = await world.join(days=10)
    between = await world.join(days=20)
    await offered_bed(world)
    assert await holder(world) == [other.case_id]
    await merge(world, survivor.case_id, other.case_id)
    assert await holder(world) == [survivor.case_id]
    assert await since_of(world, survivor.case_id, "cosm") == other.waiting_since
    assert await places_of(world, survivor.case_id) == {"cosm": "offered", "omm": "waiting"}
    assert await places_of(world, other.case_id) == {"cosm": "withdrawn", "omm": "withdrawn"}
    assert await places_of(world, between.case_id) == {"cosm": "waiting"}
    with pytest.raises(Conflict, match="merged into another"):
        await world.join(waitlist="vo", case_id=other.case_id)


async def test_what_comes_free_by_a_merger_is_not_offered_to_the_case_that_goes(world: World) -> None:
    """What the survivor was offered is not for them as they are known now; the other one was next, and leaves."""
    survivor, other, third = [await world.join(days=days) for days in (30, 20, 10)]
    await offered_bed(world)
    assert await holder(world) == [survivor.case_id]
    behind = update(members).where(members.c.case_id == survivor.case_id).values(age_band="unknown")
    await world.run("registry", lambda unit: unit.execute(behind))
    await merge(world, survivor.case_id, other.case_id)
    assert await holder(world) == [third.case_id]
    assert await places_of(world, other.case_id) == {"cosm": "withdrawn"}
    assert await world.run("registry", findings) == []


async def test_a_merger_is_undone_while_nothing_was_offered_on_the_strength_of_it(world: World) -> None:
    """Each gets its own place in line back; afterwards the right one of them is offered what comes."""
    other = await world.join(days=30)
    await world.join(waitlist="omm", case_id=other.case_id, days=20)
    survivor = await world.join(days=10)
    merger_id = await merge(world, survivor.case_id, other.case_id)
    await undo(world, merger_id)
    assert await since_of(world, survivor.case_id, "cosm") == survivor.waiting_since
    assert await places_of(world, survivor.case_id) == {"cosm": "waiting", "omm": "withdrawn"}
    assert await places_of(world, other.case_id) == {"cosm": "waiting", "omm": "waiting"}
    with pytest.raises(Conflict):
        await undo(world, merger_id)
    await offered_bed(world)
    assert await holder(world) == [other.case_id]


async def test_who_left_a_list_is_not_put_back_by_undoing_a_merger(world: World) -> None:
    """Nor when they joined again since: then that place is theirs, and there is one."""
    other, survivor = await world.join(waitlist="omm", days=30), await world.join(waitlist="omm", days=10)
    left, gone = await world.join(waitlist="omm", days=30), await world.join(waitlist="omm", days=10)
    merger_id, second = (
        await merge(world, survivor.case_id, other.case_id),
        await merge(world, gone.case_id, left.case_id),
    )
    await world.leave(survivor.id)
    await world.leave(gone.id)
    again = await world.join(waitlist="omm", case_id=survivor.case_id, days=1)
    await undo(world, merger_id)
    await undo(world, second)
    assert await since_of(world, survivor.case_id, "omm") == again.waiting_since
    assert await places_of(world, gone.case_id) == {"omm": "withdrawn"}
    assert await places_of(world, left.case_id) == {"omm": "waiting"}
    assert await places_of(world, other.case_id) == {"omm": "waiting"}


async def test_a_pause_that_was_set_after_a_merger_outlives_it(world: World) -> None:
    """One that the merger brought goes back with it."""
    for paused_before in (True, False):
        other, survivor = await world.join(waitlist="omm", days=30), await world.join(waitlist="omm", days=10)
        if paused_before:
            await pause(world, other.id)
        merger_id = await merge(world, survivor.case_id, other.case_id)
        if not paused_before:
            await pause(world, survivor.id)
        await undo(world, merger_id)
        expected = ("waiting", "paused") if paused_before else ("paused", "waiting")
        assert (await places_of(world, survivor.case_id))["omm"] == expected[0]
        assert (await places_of(world, other.case_id))["omm"] == expected[1]


async def test_consent_that_was_withdrawn_during_a_merger_is_withdrawn_for_both(world: World) -> None:
    """Taken apart again, neither is put back into line without a ground of its own."""
    other, survivor = await world.join(days=30), await world.join(days=10)
    merger_id = await merge(world, survivor.case_id, other.case_id)
    await withdraw_consent(world, survivor.case_id, Purpose.SHELTER)
    await undo(world, merger_id)
    assert await places_of(world, survivor.case_id) == {"cosm": "withdrawn"}
    assert await places_of(world, other.case_id) == {"cosm": "withdrawn"}
    await offered_bed(world)
    assert await holder(world) == []


async def test_nobody_stays_in_a_list_on_the_consent_or_permit_of_another_person(world: World) -> None:
    """What the two had together is nobody's once they are two."""
    survivor, other = await register(world), await register(world, *Purpose)
    third, holder_of_permit = await register(world, *Purpose), await register(world, *Purpose)
    merger_id, second = await merge(world, survivor, other), await merge(world, third, holder_of_permit)
    await world.join(waitlist="omm", case_id=survivor)
    await do(
        world,
        lambda unit: grounds.add_permit(unit, holder_of_permit, PermitKind.ASYLUM, world.clock().date()),
    )
    await world.join(waitlist="housing", case_id=third)
    await undo(world, merger_id)
    await undo(world, second)
    assert await places_of(world, survivor) == {"omm": "withdrawn"}
    assert await places_of(world, third) == {"housing": "withdrawn"}


async def test_a_merger_on_which_an_offer_rests_is_not_undone(world: World) -> None:
    """The survivor would not have been first without it."""
    other, survivor = await world.join(days=30), await world.join(days=10)
    merger_id = await merge(world, survivor.case_id, other.case_id)
    await offered_bed(world)
    with pytest.raises(Conflict, match="on the strength"):
        await undo(world, merger_id)
    assert await holder(world) == [survivor.case_id]


async def test_what_was_offered_before_a_merger_does_not_keep_it_from_being_undone(world: World) -> None:
    """It was not offered on the strength of it, so it goes on; and each has its own place in line again."""
    survivor = await world.join(days=10)
    await offered_bed(world)
    world.clock.forward(seconds=1)
    other = await world.join(days=30)
    merger_id = await merge(world, survivor.case_id, other.case_id)
    await undo(world, merger_id)
    assert await holder(world) == [survivor.case_id]
    await world.decline((await world.offers("made"))[0]["id"])
    await world.settle()
    assert await since_of(world, survivor.case_id, "cosm") == survivor.waiting_since
    assert await holder(world) == [other.case_id]


async def test_a_merger_is_undone_although_the_survivor_has_moved_in_since(world: World) -> None:
    """They stay where they are, and the other one is back in line; after they have left, that one is next."""
    for leaves, other_is in ((False, "waiting"), (True, "offered")):
        other, survivor = await world.join(days=30), await world.join(days=10)
        merger_id = await merge(world, survivor.case_id, other.case_id)
        bed = await offered_bed(world)
        await world.accept((await world.offers("made"))[0]["id"])
        await world.settle()
        with pytest.raises(Conflict, match="on the strength"):
            await undo(world, merger_id)
        await world.arrive(bed)
        await world.settle()
        if leaves:
            await world.depart(bed)
            await world.settle()
        await undo(world, merger_id)
        assert await places_of(world, survivor.case_id) == {"cosm": "placed"}
        assert await places_of(world, other.case_id) == {"cosm": other_is}
        if not leaves:
            await world.leave(other.id)


@pytest.mark.parametrize("waitlist", ["omm", "vo"])
async def test_the_silence_of_one_person_is_counted_under_both_cases(world: World, waitlist: str) -> None:
    """In a list where the survivor stands, and in one where they stand by the merger."""
    other = await world.join(waitlist="omm", days=9)
    for _ in range(2):
        await offered_bed(world, programme=Programme.OMM)
        await world.pass_time(hours=25)
    survivor = await world.join(waitlist=waitlist, days=1)
    await merge(world, survivor.case_id, other.case_id)
    mine = (entries_table.c.case_id == survivor.case_id, entries_table.c.waitlist == "omm")
    assert [row["silences"] for row in await world.rows("registry", select(entries_table).where(*mine))] == [2]


async def test_the_case_that_has_a_place_is_the_one_that_survives(world: World) -> None:
    """And two that both have one are two placements, of which one must end first."""
    first, second = await world.join(days=9), await world.join(days=5)
    for _ in range(2):
        await offered_bed(world)
    for offer in await world.offers("made"):
        await world.accept(offer["id"])
    await world.settle()
    with pytest.raises(Conflict, match="one of the placements"):
        await merge(world, first.case_id, second.case_id)
    third = await world.join(days=1)
    with pytest.raises(Conflict, match="let that one survive"):
        await merge(world, third.case_id, first.case_id)
    await merge(world, first.case_id, third.case_id)


async def test_what_is_not_safe_for_either_is_not_safe_for_the_survivor(world: World) -> None:
    """The rule comes along, and goes again when they are taken apart."""
    survivor, other = await world.join(days=9), await world.join(days=5)
    unit_id = await world.add_unit()
    facility = (await world.rows("shelters", select(units).where(units.c.id == unit_id)))[0]["facility_id"]
    rule = Exclusion(ExclusionReason.FAMILY_THERE, facility_id=facility)
    await do(
        world,
        lambda unit: households.exclude(world.matchmaker, world.vault, unit, other.case_id, COORDINATOR, rule),
    )
    merger_id = await merge(world, survivor.case_id, other.case_id)
    await world.post_bed(unit_id)
    await world.settle()
    assert await holder(world) == []
    await undo(world, merger_id)
    assert await holder(world) == [survivor.case_id]


async def test_what_the_other_one_needs_is_said_of_the_survivor_before_the_merger(world: World) -> None:
    """Whether a child in both is one child, nobody can tell from here; nothing that a household needs is lost."""
    survivor = await world.join(days=9)
    others = {
        "is larger": replace(HOUSEHOLD, children=1),
        "needs wheelchair access": replace(HOUSEHOLD, wheelchair=True),
        "has needs": replace(HOUSEHOLD, needs=frozenset({Need.MEDICAL})),
    }
    for reason, household in others.items():
        other = await world.join(household, days=5)
        with pytest.raises(Conflict, match=reason):
            await merge(world, survivor.case_id, other.case_id)
        assert (await places_of(world, other.case_id))["cosm"] == "waiting"


async def test_the_survivor_is_as_secret_as_either_of_them_must_be(world: World) -> None:
    """One of two reports says that nobody may know the place: so it is for the one person."""
    survivor, other = await world.join(days=9), await world.join(days=5)
    await do(
        world,
        lambda unit: households.prefer(
            world.matchmaker, unit, other.case_id, COORDINATOR, region=None, secrecy=Secrecy.SECRET
        ),
    )
    merger_id = await merge(world, survivor.case_id, other.case_id)
    (case,) = await world.rows("registry", select(cases).where(cases.c.id == survivor.case_id))
    assert '"secrecyWanted":"secret"' in case["profile"]
    await undo(world, merger_id)
    (case,) = await world.rows("registry", select(cases).where(cases.c.id == survivor.case_id))
    assert '"secrecyWanted":"secret"' not in case["profile"]


async def test_the_helpdesk_merges_cases_of_two_organisations(world: World) -> None:
    """Several organisations report one person: the survivor's coordinator goes on, and neither can do it alone."""
    survivor, other = await world.join(days=5), await world.join(waitlist="omm", days=9)
    elsewhere = update(cases).where(cases.c.id == other.case_id).values(coordinator="elsewhere")
    await do(world, lambda unit: unit.execute(elsewhere))
    with pytest.raises(NotFound):
        await merge(world, survivor.case_id, other.case_id)
    merger_id = await do(
        world, lambda unit: mergers.merge(world.matchmaker, unit, None, survivor.case_id, other.case_id)
    )
    (joined,) = await world.rows("registry", select(entries_table).where(entries_table.c.waitlist == "omm", WAITING))
    assert (joined["case_id"], joined["coordinator"]) == (survivor.case_id, COORDINATOR)
    reason = MergeUndoReason.TWO_PERSONS
    await do(world, lambda unit: mergers.undo(world.matchmaker, unit, None, merger_id, reason))
    assert await places_of(world, other.case_id) == {"omm": "waiting"}


async def test_who_stood_aside_for_a_place_that_came_to_nothing_waits_after_a_merger_that_is_undone(
    world: World,
) -> None:
    """They stood aside for a yes, not by a pause: nobody would ever bring them back."""
    kept, gone = await world.join(days=3), await world.join(days=9)
    other = await world.join(waitlist="omm", days=9, case_id=gone.case_id)
    unit = await offered_bed(world)
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    await world.withdraw_bed(unit)
    await world.carry("shelters")
    merger = await world.merge(kept.case_id, gone.case_id)
    await world.part(merger)
    await world.settle()
    assert (await world.entry(other.id))["state"] == "waiting"
