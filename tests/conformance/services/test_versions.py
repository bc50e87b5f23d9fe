"""How a list works changes on a day: what is free is looked at again, and what was offered before stays as it was."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import select

from schemas.vocabulary import AgeBand, DeclineReason, PermitKind, Programme, Sex
from services.cli.simulation.acts import ANSWERING, COORDINATOR, HOUSEHOLD
from services.registry.domain.model import Profile
from services.registry.domain.programmes import Consequence, Programmes
from services.registry.handlers import offers
from services.registry.handlers.matching import Matchmaker
from services.registry.handlers.permits import grant_permit
from services.registry.handlers.versions import versions_begin
from services.registry.programmes_file import Version, with_versions
from services.registry.tables import decisions, waitlists
from tests.support.cases import do, offered_bed
from tests.support.world import World

MAN = replace(HOUSEHOLD, sex=Sex.MALE)
BEGINS = datetime(2026, 3, 2, 23, tzinfo=UTC)
"""The midnight in the Netherlands with which 3 March begins."""


def by(world: World, *versions: Version) -> Matchmaker:
    """The same matchmaker, by these versions."""
    return replace(world.matchmaker, programmes=with_versions(list(versions)))


async def test_what_is_free_is_offered_by_the_version_that_begins(world: World) -> None:
    """Not a moment earlier, once, and by a decision that names it."""
    man = await world.join(MAN, waitlist="loverboy")
    await offered_bed(world, programme=Programme.LOVERBOY)
    assert await world.offers() == []
    matchmaker = by(world, Version(waitlist="loverboy", valid_from=date(2026, 3, 3), sexes=list(Sex)))
    world.matchmaker = matchmaker
    assert await world.run("registry", lambda unit: versions_begin(matchmaker, unit)) == BEGINS
    assert await world.offers() == []
    world.clock.now = BEGINS
    for _ in range(2):
        assert await world.run("registry", lambda unit: versions_begin(matchmaker, unit)) is None
    (enquired,) = await world.offers("enquired")
    assert enquired["entry_id"] == man.id
    version = matchmaker.programmes.at("loverboy", BEGINS)
    assert enquired["policy"] == version.policy
    (seen,) = await world.rows("registry", select(waitlists).where(waitlists.c.id == "loverboy"))
    assert seen["policy"] == version.policy
    await world.settle()


async def test_a_refusal_means_what_it_meant_when_the_offer_was_made(world: World) -> None:
    """Also when a version was added since that would have been in force then."""
    entry = await world.join(waitlist="omm")
    await offered_bed(world, programme=Programme.OMM)
    (offer,) = await world.offers("made")
    consequences = {DeclineReason.UNSUITABLE: Consequence.REVIEW}
    later = by(world, Version(waitlist="omm", valid_from=date(2020, 1, 1), consequences=consequences))
    reason = DeclineReason.UNSUITABLE
    await world.run("registry", lambda unit: offers.decline_offer(later, unit, offer["id"], ANSWERING, reason))
    assert (await world.entry(entry.id))["state"] == "waiting"
    await world.settle()


@pytest.mark.parametrize(
    ("profile", "is_for_them"),
    [
        (replace(HOUSEHOLD, age_band=AgeBand.AGE_16_TO_17), True),
        (replace(HOUSEHOLD, age_band=AgeBand.UNKNOWN), True),
        (MAN, False),
        (replace(HOUSEHOLD, age_band=AgeBand.UNDER_12), False),
        (replace(HOUSEHOLD, sex=Sex.UNKNOWN), False),
    ],
)
async def test_a_list_is_for_whom_its_programme_is_for(world: World, profile: Profile, is_for_them: bool) -> None:  # noqa: FBT001 - a case
    """Shelter for victims of loverboys takes girls and young women, whatever a place would take."""
    entry = await world.join(profile, waitlist="loverboy")
    await offered_bed(world, programme=Programme.LOVERBOY)
    assert [offer["entry_id"] for offer in await world.offers()] == ([entry.id] if is_for_them else [])


async def test_a_version_that_asks_for_a_permit_passes_over_who_has_none(world: World) -> None:
    """They stay in line, with the reason in every decision, and a permit makes them next again."""
    first, second = [await world.join(MAN, waitlist="loverboy", days=days) for days in (9, 5)]
    for _ in range(2):
        await offered_bed(world, programme=Programme.LOVERBOY)
    version = Version(waitlist="loverboy", valid_from=date(2026, 3, 3), sexes=list(Sex), requires_permit=True)
    matchmaker = world.matchmaker = by(world, version)
    await has_a_permit(world, second.case_id)
    world.clock.now = BEGINS
    await world.run("registry", lambda unit: versions_begin(matchmaker, unit))
    assert [offer["entry_id"] for offer in await world.offers("enquired")] == [second.id]
    explained = [row["explanation"] for row in await world.rows("registry", select(decisions))]
    assert all("no-permit" in explanation for explanation in explained[-2:])
    await has_a_permit(world, first.case_id)
    assert {offer["entry_id"] for offer in await world.offers("enquired")} == {second.id, first.id}
    await world.settle()


async def has_a_permit(world: World, case_id: UUID) -> None:
    """A permit of today."""
    kind, today = PermitKind.ASYLUM, world.clock().date()
    await do(world, lambda unit: grant_permit(world.matchmaker, unit, case_id, COORDINATOR, kind, today))


def test_a_version_that_is_not_known_any_more_is_the_one_of_that_moment() -> None:
    """Of offers from before they named one."""
    programmes = Programmes()
    assert programmes.of_policy("") is None
    assert programmes.next_beginning(datetime(2014, 12, 31, 12, tzinfo=UTC)) == datetime(2014, 12, 31, 23, tzinfo=UTC)
    assert programmes.next_beginning(BEGINS) is None
