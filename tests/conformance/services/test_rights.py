"""What the law asks of those who stand in a list: a reflection period that runs, or a permit. On both databases."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from schemas.vocabulary import LegalBasis, MergeUndoReason, PermitKind, Purpose, ReflectionEnd
from services.chassis.errors import Conflict
from services.cli.simulation.acts import COORDINATOR, HOUSEHOLD
from services.registry.handlers import consents, mergers, permits, reflection
from services.registry.handlers.consents import Ground
from services.registry.tables import decisions
from tests.support.cases import WEEK, do, holder, offered_bed, places_of, register, since_of
from tests.support.world import World


async def test_who_has_no_reflection_period_waits_and_is_passed_over_until_one_runs(world: World) -> None:
    """With their old place, and the reason in the decision."""
    without, second = await world.join(days=30, entitled=False), await world.join(days=5)
    await offered_bed(world)
    assert await holder(world) == [second.case_id]
    (decision,) = await world.rows("registry", select(decisions))
    assert "no-reflection-period" in decision["explanation"]
    await offered_bed(world)
    assert await holder(world) == [second.case_id]
    today = world.clock().date()
    await do(world, lambda unit: reflection.start(world.matchmaker, unit, without.case_id, COORDINATOR, today))
    assert await holder(world) == [second.case_id, without.case_id]


async def test_children_come_along_with_the_period_of_the_adult(world: World) -> None:
    """One period for the case: nobody asks for one of each member of the household."""
    family = await world.join(replace(HOUSEHOLD, children=3))
    await offered_bed(world, places=4)
    assert await holder(world) == [family.case_id]


async def test_whose_period_has_ended_is_never_offered_anything(world: World) -> None:
    """Not in the moment in which it ends, before the timer has seen it, and not after."""
    ended, second = await world.join(days=30), await world.join(days=5)
    await world.entitle(second.id, datetime(2027, 1, 1, tzinfo=UTC))
    assert ended.eligible_until is not None
    world.clock.now = ended.eligible_until
    await offered_bed(world)
    assert await holder(world) == [second.case_id]
    await world.pass_time(seconds=1)
    assert await places_of(world, ended.case_id) == {"cosm": "lapsed"}
    await offered_bed(world)
    assert await holder(world) == [second.case_id]


async def test_nobody_stands_on_the_housing_list_without_a_permit(world: World) -> None:
    """The refusal says what to do; the permit puts them there by itself."""
    case_id = await register(world, *Purpose)
    with pytest.raises(Conflict, match="no permit"):
        await world.join(waitlist="housing", case_id=case_id, entitled=False)
    kind, today = PermitKind.ASYLUM, world.clock().date()
    await do(world, lambda unit: permits.grant_permit(world.matchmaker, unit, case_id, COORDINATOR, kind, today))
    assert await places_of(world, case_id) == {"housing": "waiting"}


async def test_cases_that_are_one_person_have_one_right(world: World) -> None:
    """The period of either counts for the survivor, and goes back with its case when they are taken apart."""
    survivor, other = await world.join(days=30, entitled=False), await world.join(waitlist="omm", days=5)
    today = world.clock().date()
    await do(world, lambda unit: reflection.start(world.matchmaker, unit, other.case_id, COORDINATOR, today))
    merger = await do(
        world, lambda unit: mergers.merge(world.matchmaker, unit, COORDINATOR, survivor.case_id, other.case_id)
    )
    assert (await world.entry(survivor.id))["eligible_until"] == datetime(2026, 5, 31, 22, tzinfo=UTC)
    with pytest.raises(Conflict, match="already"):
        await do(world, lambda unit: reflection.start(world.matchmaker, unit, survivor.case_id, COORDINATOR, today))
    reason = MergeUndoReason.TWO_PERSONS
    await do(world, lambda unit: mergers.undo(world.matchmaker, unit, COORDINATOR, merger, reason))
    assert (await world.entry(survivor.id))["eligible_until"] is None


async def test_the_right_to_categorical_shelter_ends_with_the_reflection_period(world: World) -> None:
    """Early or at its end, and there is only one."""
    entry = await world.join(entitled=False)
    today = world.clock().date()
    await do(world, lambda unit: reflection.start(world.matchmaker, unit, entry.case_id, COORDINATOR, today))
    with pytest.raises(Conflict):
        await do(world, lambda unit: reflection.start(world.matchmaker, unit, entry.case_id, COORDINATOR, today))
    other = await world.join(days=-0.0)
    await offered_bed(world)
    assert await holder(world) == [entry.case_id]
    reason = ReflectionEnd.COMPLAINT_FILED_OR_COOPERATING
    await do(world, lambda unit: reflection.end(world.matchmaker, unit, entry.case_id, COORDINATOR, reason, today))
    assert await holder(world) == [other.case_id]
    assert await places_of(world, entry.case_id) == {"cosm": "lapsed"}
    with pytest.raises(Conflict, match="reflection period has ended"):
        await world.join(case_id=entry.case_id)


async def test_whoever_joins_later_may_stand_there_until_the_period_ends(world: World) -> None:
    """The end is the end of its last day in the Netherlands."""
    case_id = await register(world, Purpose.SHELTER)
    started = world.clock().date()
    await do(world, lambda unit: reflection.start(world.matchmaker, unit, case_id, COORDINATOR, started))
    entry = await world.join(case_id=case_id)
    assert entry.eligible_until == datetime(2026, 5, 31, 22, tzinfo=UTC)


async def test_a_permit_opens_the_housing_route_without_waiting_anew(world: World) -> None:
    """With the earliest waiting-since anywhere; categorical shelter ends, and what was offered there moves on."""
    first, second = await world.join(days=40), await world.join(days=5)
    await offered_bed(world)
    granted = (world.clock() - WEEK).date()
    kind = PermitKind.HUMANITARIAN_TEMPORARY
    await do(
        world, lambda unit: permits.grant_permit(world.matchmaker, unit, first.case_id, COORDINATOR, kind, granted)
    )
    assert await holder(world) == [second.case_id]
    assert await places_of(world, first.case_id) == {"cosm": "lapsed", "housing": "waiting"}
    assert await since_of(world, first.case_id, "housing") == first.waiting_since
    with pytest.raises(Conflict):
        await world.join(case_id=first.case_id)


async def test_whoever_lives_in_a_shelter_stays_there_with_a_permit(world: World) -> None:
    """It is not an eviction: the bed comes free when there is a home."""
    entry = await world.join(days=40)
    unit_id = await offered_bed(world)
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    await world.arrive(unit_id)
    await world.settle()
    kind, today = PermitKind.ASYLUM, world.clock().date()
    await do(world, lambda unit: permits.grant_permit(world.matchmaker, unit, entry.case_id, COORDINATOR, kind, today))
    assert await places_of(world, entry.case_id) == {"cosm": "placed", "housing": "waiting"}
    assert (await world.unit(unit_id))["state"] == "occupied"


async def test_a_permit_without_consent_waits_for_it(world: World) -> None:
    """The household joins the housing list when facts may be passed on for that, as of its permit."""
    case_id = await register(world)
    kind, granted = PermitKind.ASYLUM, (world.clock() - WEEK).date()
    await do(world, lambda unit: permits.grant_permit(world.matchmaker, unit, case_id, COORDINATOR, kind, granted))
    assert await places_of(world, case_id) == {}
    ground = Ground(Purpose.HOUSING, LegalBasis.CONSENT, world.clock())
    await do(world, lambda unit: consents.give_consent(world.matchmaker, unit, case_id, COORDINATOR, ground))
    assert await places_of(world, case_id) == {"housing": "waiting"}
    assert (await since_of(world, case_id, "housing")).date() == granted
