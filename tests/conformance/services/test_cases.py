"""What is known of a case decides where it may stand, at once, and on both databases."""

from uuid import UUID

import pytest
from sqlalchemy import select, update

from schemas.vocabulary import (
    AgeBand,
    ExclusionReason,
    LegalBasis,
    Programme,
    Purpose,
    Referrer,
    Secrecy,
    Sex,
)
from services.chassis.encryption import UnusableKey
from services.chassis.errors import Conflict, InvalidInput
from services.chassis.unit_of_work import UnitOfWork
from services.cli.simulation.acts import COORDINATOR, HOUSEHOLD
from services.registry.domain.households import Member
from services.registry.handlers import (
    consents,
    entries,
    households,
    personal,
    registration,
)
from services.registry.handlers.consents import Ground
from services.registry.handlers.households import Exclusion
from services.registry.handlers.registration import GroupReport, Report
from services.registry.store import grounds
from services.registry.tables import case_keys, cases, exclusion_reasons, personal_data, referrals
from services.shelters.tables import units
from tests.support.cases import WEEK, do, holder, offered_bed, places_of, register
from tests.support.world import World

CHILD = Member(Sex.UNKNOWN, AgeBand.UNDER_12)


# Consent


async def test_without_consent_a_case_is_registered_only(world: World) -> None:
    """It stands in no list, and joins one when consent is given."""
    case_id = await register(world)
    with pytest.raises(Conflict, match="registered only"):
        await world.join(case_id=case_id)
    ground = Ground(Purpose.SHELTER, LegalBasis.CONSENT, world.clock())
    await do(world, lambda unit: consents.give_consent(world.matchmaker, unit, case_id, COORDINATOR, ground))
    await world.join(case_id=case_id)
    with pytest.raises(Conflict, match="registered only"):
        await world.join(waitlist="housing", case_id=case_id)


async def test_withdrawing_consent_revokes_what_is_offered_and_moves_it_on(world: World) -> None:
    """In one transaction; the case stays registered, and its place for the other purpose stays."""
    first, second = await world.join(waitlist="omm", days=9), await world.join(waitlist="omm", days=5)
    await world.join(waitlist="housing", case_id=first.case_id)
    await offered_bed(world, programme=Programme.OMM)
    assert await holder(world) == [first.case_id]
    (consent,) = [
        row
        for row in await world.run("registry", lambda unit: grounds.consents_of(unit, first.case_id))
        if row["purpose"] == Purpose.SHELTER
    ]
    await do(
        world,
        lambda unit: consents.withdraw_consent(world.matchmaker, unit, first.case_id, consent["id"], COORDINATOR),
    )
    assert await holder(world) == [second.case_id]
    assert await places_of(world, first.case_id) == {"omm": "withdrawn", "housing": "waiting"}
    assert await world.count("registry", cases, cases.c.id == first.case_id) == 1


# Referrals


async def test_a_group_is_taken_whole_or_not_at_all(world: World) -> None:
    """Everything that is wrong is told at once, and nothing is stored then."""
    theirs, known = await register(world), world.identifiers()
    now = world.clock()
    good = GroupReport(Report(Referrer.POLICE, now, reference=known), theirs, None)
    household = GroupReport(Report(Referrer.KMAR, now, kmar_district=3), None, HOUSEHOLD, [Purpose.SHELTER])
    taken = await do(world, lambda unit: registration.refer_group(unit, COORDINATOR, [good, household]))
    assert taken[0][1] == theirs
    assert await world.count("registry", referrals) == 3
    bad = [
        good,
        GroupReport(Report(Referrer.POLICE, now + WEEK), world.identifiers(), None),
        GroupReport(Report(Referrer.LABOUR_INSPECTORATE, now, kmar_district=1), None, HOUSEHOLD),
    ]
    with pytest.raises(InvalidInput) as refused:
        await do(world, lambda unit: registration.refer_group(unit, COORDINATOR, [*bad, household]))
    pointers = {field.pointer for field in refused.value.fields}
    assert pointers == {
        "/referrals/0/reference",
        "/referrals/1/reportedAt",
        "/referrals/1/caseId",
        "/referrals/2/region",
    }
    assert await world.count("registry", referrals) == 3
    assert await world.count("registry", cases) == 2


async def test_the_same_report_counts_once(world: World) -> None:
    """By its own id at the referrer, and never by a name."""
    case_id, reference = await register(world), world.identifiers()
    report = Report(Referrer.POLICE, world.clock(), reference=reference)
    await do(world, lambda unit: registration.refer(unit, case_id, COORDINATOR, report))
    with pytest.raises(Conflict):
        await do(world, lambda unit: registration.refer(unit, case_id, COORDINATOR, report))


# Households and what keeps them safe


async def test_a_household_that_grows_is_no_longer_offered_what_is_too_small(world: World) -> None:
    """The offer is revoked and goes to the next; what suits them now is offered at once."""
    first, second = await world.join(days=9), await world.join(days=5)
    await offered_bed(world, places=1)
    assert await holder(world) == [first.case_id]
    await do(world, lambda unit: households.add_member(world.matchmaker, unit, first.case_id, COORDINATOR, CHILD))
    assert await holder(world) == [second.case_id]
    await offered_bed(world, places=2)
    assert await holder(world) == [second.case_id, first.case_id]


async def test_a_household_that_shrinks_may_get_what_was_too_small(world: World) -> None:
    """A bed that has been waiting is offered the moment that it suits somebody."""
    entry = await world.join()
    child = await do(
        world, lambda unit: households.add_member(world.matchmaker, unit, entry.case_id, COORDINATOR, CHILD)
    )
    await offered_bed(world, places=1)
    assert await holder(world) == []
    await do(world, lambda unit: households.remove_member(world.matchmaker, unit, entry.case_id, child, COORDINATOR))
    assert await holder(world) == [entry.case_id]


async def test_the_person_a_case_is_about_cannot_leave_the_household(world: World) -> None:
    """There is always somebody."""
    entry = await world.join()
    about = (await world.run("registry", lambda unit: store_members(unit, entry.case_id)))[0]["id"]
    with pytest.raises(Conflict):
        await do(
            world, lambda unit: households.remove_member(world.matchmaker, unit, entry.case_id, about, COORDINATOR)
        )


async def test_a_place_that_is_not_safe_is_taken_back_at_once_and_not_offered_while_it_is_not(world: World) -> None:
    """The rule is in force in the same transaction; who set it and why is stored apart, unreadable."""
    first, second = await world.join(days=9), await world.join(days=5)
    unit_id = await offered_bed(world)
    facility = (await world.rows("shelters", select(units).where(units.c.id == unit_id)))[0]["facility_id"]
    rule = Exclusion(ExclusionReason.RECRUITER_THERE, facility_id=facility)
    made = await do(
        world,
        lambda unit: households.exclude(world.matchmaker, world.vault, unit, first.case_id, COORDINATOR, rule),
    )
    assert await holder(world) == [second.case_id]
    (stored,) = await world.rows("registry", select(exclusion_reasons))
    assert b"recruiter" not in stored["ciphertext"]
    background = await world.run(
        "registry", lambda unit: personal.background_of(world.vault, unit, first.case_id, made, COORDINATOR)
    )
    assert background == (COORDINATOR, ExclusionReason.RECRUITER_THERE)
    await world.decline((await world.offers("made"))[0]["id"])
    await world.settle()
    assert await holder(world) == []
    await do(world, lambda unit: households.lift_exclusion(world.matchmaker, unit, first.case_id, made, COORDINATOR))
    assert await holder(world) == [first.case_id], "they had never answered"


async def test_wanting_more_secrecy_takes_back_what_is_not_secret_enough(world: World) -> None:
    """Beds are secret unless somebody decides otherwise, so this one stays."""
    entry = await world.join()
    await offered_bed(world)
    await do(
        world,
        lambda unit: households.prefer(world.matchmaker, unit, entry.case_id, COORDINATOR, None, Secrecy.SECRET),
    )
    assert await holder(world) == [entry.case_id]


# Pause


async def test_who_is_paused_is_passed_by_and_comes_back_where_they_stood(world: World) -> None:
    """And is offered at once what has been waiting."""
    first = await world.join(days=9)
    await do(world, lambda unit: entries.pause(world.matchmaker, unit, first.id, COORDINATOR, None))
    await offered_bed(world)
    assert await holder(world) == []
    await do(world, lambda unit: entries.resume(world.matchmaker, unit, first.id, COORDINATOR))
    assert await holder(world) == [first.case_id]
    with pytest.raises(Conflict):
        await do(world, lambda unit: entries.pause(world.matchmaker, unit, first.id, COORDINATOR, None))


# Personal data


async def test_destroying_the_key_erases_what_it_encrypted(world: World) -> None:
    """Even from a copy that was taken before: without its key it says nothing."""
    case_id = await register(world)
    told = {"name": "canary-name", "bornOn": "2001-02-03"}
    await do(world, lambda unit: personal.replace_personal_data(world.vault, unit, case_id, COORDINATOR, dict(told)))
    copied = await world.rows("registry", select(personal_data))
    assert not [row for row in copied if b"canary" in row["ciphertext"]]
    read = await world.run("registry", lambda unit: personal.personal_data_of(world.vault, unit, case_id, COORDINATOR))
    assert read == told
    assert await do(world, lambda unit: personal.erase(world.vault, unit, case_id, None))
    assert await world.count("registry", case_keys) == 0
    assert await world.count("registry", personal_data) == 0
    assert not await do(world, lambda unit: personal.erase(world.vault, unit, case_id, None))
    assert await world.count("registry", cases) == 1


async def test_erasing_one_person_erases_the_case_that_was_merged_into_theirs(world: World) -> None:
    """One person, whose facts stay where they were written; so both keys go."""
    survivor, merged = await world.join(), await world.join(days=5)
    await do(
        world,
        lambda unit: personal.replace_personal_data(world.vault, unit, merged.case_id, COORDINATOR, {"name": "canary"}),
    )
    await world.merge(survivor.case_id, merged.case_id)
    assert await do(world, lambda unit: personal.erase(world.vault, unit, survivor.case_id, COORDINATOR))
    assert await world.count("registry", case_keys) == await world.count("registry", personal_data) == 0


async def test_what_is_encrypted_for_one_case_and_field_is_unreadable_elsewhere(world: World) -> None:
    """Whoever can write to the database cannot move a contact into a name, or to another case."""
    case_id = await register(world)
    told: personal.Document = {"name": "one", "contact": "two"}
    await do(world, lambda unit: personal.replace_personal_data(world.vault, unit, case_id, COORDINATOR, told))
    (contact,) = await world.rows("registry", select(personal_data).where(personal_data.c.field == "contact"))
    moved = update(personal_data).where(personal_data.c.field == "name").values(ciphertext=contact["ciphertext"])
    await world.run("registry", lambda unit: unit.execute(moved))
    with pytest.raises(UnusableKey):
        await world.run("registry", lambda unit: personal.personal_data_of(world.vault, unit, case_id, COORDINATOR))


async def store_members(unit: UnitOfWork, case_id: UUID) -> list[dict[str, UUID]]:
    return [{"id": row["id"]} for row in await households.store.members_of(unit, case_id)]
