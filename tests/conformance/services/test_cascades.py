"""Every branch of the cascade in which something changes under way, over all services, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from schemas.vocabulary import AgeBand, DeclineReason, EnquiryRefusal, Programme, Region, Sex
from services.chassis.errors import Conflict
from services.cli.simulation.acts import COORDINATOR, HOUSEHOLD
from services.notifications.tables import notifications
from services.registry.domain.model import Profile
from services.registry.handlers import offers as handlers
from services.registry.handlers.versions import look_again
from services.registry.store import allocations
from services.registry.tables import cases, decisions, vacancies
from tests.support.world import SHELTER_OFFER_SECONDS, World

FAMILY = replace(HOUSEHOLD, children=3)


async def outcomes(world: World) -> list[tuple[str, str | None]]:
    """State and reason of all offers, in the order in which they began."""
    return [(offer["state"], offer["reason"]) for offer in await world.offers()]


async def kinds_told(world: World) -> list[str]:
    """What the coordinator has in the inbox, in order."""
    mine = select(notifications.c.kind).where(notifications.c.recipient == COORDINATOR)
    told = await world.rows("notifications", mine.order_by(notifications.c.sequence))
    return [row["kind"] for row in told]


async def test_a_household_that_grows_beyond_what_is_offered_makes_room_at_once(world: World) -> None:
    """The offer is revoked and says why, the next has it in the same transaction, and the place in line is kept."""
    growing, second = await world.join(days=9), await world.join(days=5)
    await world.post_bed(await world.add_unit(places=2))
    await world.settle()
    await world.change(growing.case_id, FAMILY)
    assert await outcomes(world) == [("revoked", "too-few-places"), ("made", None)]
    assert (await world.offers("made"))[0]["entry_id"] == second.id
    await world.post_bed(await world.add_unit(places=4))
    await world.settle()
    assert (await world.offers("made"))[-1]["entry_id"] == growing.id


async def test_an_exclusion_during_an_offer_takes_it_back(world: World) -> None:
    """Safety overrides everything: nobody need answer an offer of a dangerous place, nor learns where it was."""
    entry = await world.join(days=9)
    unit = await world.add_unit(region=Region.LIMBURG)
    await world.post_bed(unit)
    await world.settle()
    await world.change(entry.case_id, replace(HOUSEHOLD, excluded_regions=frozenset({Region.LIMBURG})))
    await world.settle()
    assert await outcomes(world) == [("revoked", "excluded-place")]
    assert (await world.unit(unit))["state"] == "free"
    assert (await kinds_told(world))[-1] == "offer-revoked"


async def test_a_change_brings_what_has_been_waiting_for_someone_like_them(world: World) -> None:
    """A person who changes looks for a waiting vacancy."""
    entry = await world.join(FAMILY)
    await world.post_bed(await world.add_unit(places=2))
    await world.settle()
    assert await outcomes(world) == []
    await world.change(entry.case_id, HOUSEHOLD)
    assert (await world.offers("made"))[0]["entry_id"] == entry.id


async def test_what_is_free_hides_nothing_that_came_free_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many beds are free that suit nobody, who joins gets the one that suits them."""
    monkeypatch.setattr(allocations, "OPEN_VACANCIES_PAGE", 2)
    for places in (1, 1, 1, 1, 4):
        await world.post_bed(await world.add_unit(places=places))
        world.clock.forward(seconds=1)
    await world.settle()
    entry = await world.join(FAMILY)
    assert [offer["entry_id"] for offer in await world.offers("made")] == [entry.id]
    await world.run("registry", lambda unit: look_again(world.matchmaker, unit))


async def test_a_right_that_ends_during_an_offer_ends_the_offer(world: World) -> None:
    """With the permit, or at the end of the reflection period, the entitlement ends: the entry lapses."""
    entitled, second = await world.join(days=9), await world.join(days=5)
    await world.post_bed(await world.add_unit())
    await world.settle()
    await world.entitle(entitled.id, world.clock())
    assert await outcomes(world) == [("revoked", "no_longer_entitled"), ("made", None)]
    assert (await world.offers("made"))[0]["entry_id"] == second.id
    await world.pass_time(seconds=1)
    assert (await world.entry(entitled.id))["state"] == "lapsed"


async def test_an_offer_lasts_no_longer_than_the_right_to_it(world: World) -> None:
    """Its deadline is the end of the reflection period, if that comes first; then the entry lapses by itself."""
    entry = await world.join()
    until = world.clock() + timedelta(hours=5)
    await world.entitle(entry.id, until)
    await world.post_bed(await world.add_unit())
    await world.settle()
    assert (await world.offers("made"))[0]["deadline_at"] == until
    await world.pass_time(hours=5)
    assert (await world.entry(entry.id))["state"] == "lapsed"
    assert not await world.offers("made")


async def test_a_bed_that_comes_free_after_the_right_has_ended_is_for_somebody_else(world: World) -> None:
    """It is offered to the first whose right still runs on the day when they could move in, and says so of the rest."""
    first, second = await world.join(days=9), await world.join(days=5)
    available_from = world.clock() + timedelta(days=20)
    await world.entitle(first.id, available_from)
    await world.entitle(second.id, available_from + timedelta(days=1))
    await world.post_bed(await world.add_unit(), 30 * 86_400, available_from)
    await world.settle()
    (offer,) = await world.offers("made")
    assert offer["entry_id"] == second.id
    (decision,) = await world.rows("registry", select(decisions))
    assert "right-ended" in decision["explanation"]


async def test_a_right_that_is_shortened_ends_the_offer_of_a_bed_that_comes_free_later(world: World) -> None:
    """They could never move in, so the next has it at once."""
    first, second = await world.join(days=9), await world.join(days=5)
    available_from = world.clock() + timedelta(days=20)
    await world.post_bed(await world.add_unit(), 30 * 86_400, available_from)
    await world.settle()
    await world.entitle(first.id, available_from)
    assert await outcomes(world) == [("revoked", "no_longer_entitled"), ("made", None)]
    assert (await world.offers("made"))[0]["entry_id"] == second.id
    assert (await world.entry(first.id))["state"] == "waiting"


async def test_under_mediation_the_provider_is_asked_first(world: World) -> None:
    """The coordinator hears of it only when the provider has agreed, and then has the whole time to answer."""
    entry = await world.join(waitlist="vo")
    unit = await world.add_unit(programme=Programme.VO)
    await world.post_bed(unit)
    await world.settle()
    assert await outcomes(world) == [("enquired", None)]
    assert await kinds_told(world) == []
    with pytest.raises(Conflict, match="only one that is made can be accepted"):
        await world.accept((await world.offers("enquired"))[0]["id"])
    world.clock.forward(hours=2)
    await world.answer(unit)
    await world.settle()
    (offer,) = await world.offers("made")
    assert (offer["entry_id"], offer["deadline_at"]) == (entry.id, world.clock() + timedelta(hours=24))
    assert await kinds_told(world) == ["offer-made"]
    await world.accept(offer["id"])
    await world.settle()
    assert (await world.unit(unit))["state"] == "reserved"


async def test_a_provider_that_refuses_is_asked_about_the_next(world: World) -> None:
    """Whom it refused is passed over for this vacancy, with the reason in the decision, and hears nothing of it."""
    refused, second = await world.join(waitlist="vo", days=9), await world.join(waitlist="vo", days=5)
    unit = await world.add_unit(programme=Programme.VO)
    await world.post_bed(unit)
    await world.settle()
    await world.answer(unit, EnquiryRefusal.NOT_SUITABLE)
    await world.settle()
    assert await outcomes(world) == [("ended", "refused"), ("enquired", None)]
    assert (await world.offers("enquired"))[0]["entry_id"] == second.id
    newest = (await world.rows("registry", select(decisions).order_by(decisions.c.id)))[-1]
    assert str(refused.id) in newest["snapshot"]
    assert "offered-before" in newest["explanation"]
    await world.answer(unit, EnquiryRefusal.SAFETY)
    await world.settle()
    assert (await world.unit(unit))["state"] == "free"
    assert await kinds_told(world) == []


async def test_a_provider_that_says_nothing_has_the_working_day(world: World) -> None:
    """From Sunday morning until the end of Monday; then the next household is asked about."""
    await world.join(waitlist="vo", days=9)
    second = await world.join(waitlist="vo", days=5)
    await world.post_bed(await world.add_unit(programme=Programme.VO))
    await world.settle()
    (enquiry,) = await world.offers("enquired")
    assert enquiry["deadline_at"].isoformat() == "2026-03-02T16:00:00+00:00"
    await world.pass_time(hours=31)
    assert await outcomes(world) == [("ended", "unanswered"), ("enquired", None)]
    assert (await world.offers("enquired"))[0]["entry_id"] == second.id


async def test_who_changes_during_an_enquiry_is_not_asked_about_any_more(world: World) -> None:
    """The provider's unit comes free, and the coordinator who never heard of it hears nothing."""
    entry = await world.join(waitlist="vo")
    unit = await world.add_unit(programme=Programme.VO)
    await world.post_bed(unit)
    await world.settle()
    await world.change(entry.case_id, FAMILY)
    await world.settle()
    assert await outcomes(world) == [("ended", "too-few-places")]
    assert (await world.unit(unit))["state"] == "free"
    assert await kinds_told(world) == []


async def test_an_enquiry_ends_when_the_list_turns_out_not_to_be_for_them(world: World) -> None:
    """Loverboy shelter is for girls: a sex that is corrected while a provider is asked ends that at once."""
    girl = Profile(Sex.FEMALE, AgeBand.AGE_12_TO_15, adults=1, children=0, wheelchair=False, needs=frozenset())
    entry = await world.join(girl, waitlist="loverboy")
    unit = await world.add_unit(programme=Programme.LOVERBOY)
    await world.post_bed(unit)
    await world.settle()
    await world.change(entry.case_id, replace(girl, sex=Sex.MALE))
    await world.settle()
    assert await outcomes(world) == [("ended", "programme-not-for-sex")]
    assert (await world.unit(unit))["state"] == "free"


async def test_a_bed_withdrawn_during_an_enquiry_ends_it(world: World) -> None:
    """Nothing is left open, and the household keeps its place."""
    entry = await world.join(waitlist="vo")
    unit = await world.add_unit(programme=Programme.VO)
    await world.post_bed(unit)
    await world.settle()
    await world.withdraw_bed(unit)
    await world.settle()
    assert await outcomes(world) == [("ended", "withdrawn")]
    assert (await world.entry(entry.id))["state"] == "waiting"


async def test_a_place_refused_as_unsafe_is_never_offered_again(world: World) -> None:
    """The facility is excluded for the household, in every list; its place in line stays."""
    entry = await world.join(days=9)
    unit = await world.add_unit()
    await world.post_bed(unit)
    await world.settle()
    await world.decline((await world.offers("made"))[0]["id"], DeclineReason.UNSAFE)
    await world.settle()
    await world.withdraw_bed(unit)
    await world.post_bed(unit)
    await world.settle()
    assert await outcomes(world) == [("declined", "unsafe")]
    (case,) = await world.rows("registry", select(cases))
    assert "excludedFacilities" in case["profile"]
    await world.post_bed(await world.add_unit())
    await world.settle()
    assert (await world.offers("made"))[0]["entry_id"] == entry.id


async def test_who_could_not_be_reached_pauses_and_returns_to_the_old_place(world: World) -> None:
    """After a week, by itself, with the old waiting-since: first again, and at once offered what waits."""
    absent = await world.join(days=9)
    await world.post_bed(await world.add_unit())
    await world.settle()
    await world.decline((await world.offers("made"))[0]["id"], DeclineReason.UNREACHABLE)
    assert (await world.entry(absent.id))["pause_reason"] == "declined"
    await world.settle()
    await world.post_bed(await world.add_unit(), lease_seconds=30 * 86_400)
    await world.settle()
    assert not await world.offers("made")
    await world.pass_time(days=7)
    assert (await world.offers("made"))[0]["entry_id"] == absent.id


async def test_silence_several_times_in_a_row_asks_for_contact_first(world: World) -> None:
    """The third unanswered offer pauses the entry until somebody has reached them."""
    silent = await world.join()
    for _ in range(3):
        await world.post_bed(await world.add_unit(), lease_seconds=86_400 * 2)
        await world.settle()
        await world.pass_time(seconds=SHELTER_OFFER_SECONDS)
        await world.pass_time(days=1)
    row = await world.entry(silent.id)
    assert (row["state"], row["pause_reason"], row["silences"]) == ("paused", "contact-review", 3)


async def test_a_reminder_comes_once_and_never_after_the_answer(world: World) -> None:
    """Four hours before the deadline, if nobody answered by then."""
    await world.join(days=9)
    await world.post_bed(await world.add_unit())
    await world.settle()
    for _ in range(3):
        await world.pass_time(hours=7)
    assert await kinds_told(world) == ["offer-made", "deadline-nearing"]
    await world.pass_time(minutes=1)
    await world.accept((await world.offers("made"))[0]["id"])
    await world.pass_time(hours=2)
    assert await kinds_told(world) == ["offer-made", "deadline-nearing", "offer-accepted"]


async def test_accepting_releases_the_other_lists_and_arriving_ends_them(world: World) -> None:
    """What was offered to the household elsewhere goes to the next at once; the housing list is another matter."""
    entry = await world.join(days=9)
    other = await world.join(waitlist="omm", case_id=entry.case_id)
    second = await world.join(waitlist="omm")
    bed, omm = await world.add_unit(), await world.add_unit(programme=Programme.OMM)
    await world.post_bed(bed)
    await world.post_bed(omm)
    await world.settle()
    (mine,) = [offer for offer in await world.offers("made") if offer["entry_id"] == entry.id]
    await world.accept(mine["id"])
    assert [offer["reason"] for offer in await world.offers("revoked")] == ["accepted_elsewhere"]
    assert [offer["entry_id"] for offer in await world.offers("made")] == [second.id]
    assert (await world.entry(other.id))["state"] == "paused"
    home = await world.join(waitlist="housing", case_id=entry.case_id)
    await world.settle()
    await world.arrive(bed)
    await world.settle()
    await world.pass_time(seconds=1)
    assert (await world.entry(other.id))["state"] == "withdrawn"
    assert (await world.entry(home.id))["state"] == "waiting"


async def test_a_fall_through_gives_every_old_place_back(world: World) -> None:
    """Back in each queue with the old rights."""
    entry = await world.join(days=9)
    other = await world.join(waitlist="omm", days=7, case_id=entry.case_id)
    unit = await world.add_unit()
    await world.post_bed(unit)
    await world.settle()
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    await world.withdraw_bed(unit)
    await world.settle()
    await world.pass_time(seconds=1)
    row = await world.entry(other.id)
    assert (row["state"], row["waiting_since"]) == ("waiting", other.waiting_since)
    assert (await world.entry(entry.id))["state"] == "waiting"


async def test_who_joins_another_list_after_accepting_stands_aside_there(world: World) -> None:
    """One person never has two places."""
    entry = await world.join()
    await world.post_bed(await world.add_unit())
    await world.settle()
    await world.accept((await world.offers("made"))[0]["id"])
    other = await world.join(waitlist="omm", case_id=entry.case_id)
    assert (await world.entry(other.id))["released"]
    await world.settle()


async def test_who_has_a_home_waits_for_nothing_any_more(world: World) -> None:
    """Being housed ends every other place in line."""
    entry = await world.join(waitlist="housing")
    shelter = await world.join(waitlist="omm", case_id=entry.case_id)
    await world.add_municipality()
    slot = await world.open_slot()
    await world.settle()
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    assert (await world.entry(shelter.id))["state"] == "waiting"
    claim = await world.claim(slot.id)
    await world.settle()
    await world.house(claim.id)
    await world.settle()
    assert (await world.entry(shelter.id))["state"] == "withdrawn"


async def test_a_unit_kept_for_families_waits_for_none_while_one_waits(world: World) -> None:
    """A single person further up is passed over with the reason; when no family waits, the unit is theirs."""
    single = await world.join(days=30)
    family = await world.join(FAMILY, days=2)
    for _ in range(2):
        await world.post_bed(await world.add_unit(places=5, kept_for_places=3))
        await world.settle()
    assert [offer["entry_id"] for offer in await world.offers("made")] == [family.id, single.id]
    first = (await world.rows("registry", select(decisions).order_by(decisions.c.id)))[0]
    assert "kept-for-larger-household" in first["explanation"]


async def test_the_own_region_goes_first_among_those_who_waited_about_as_long(world: World) -> None:
    """Within a week of the first in line, not beyond."""
    here = replace(HOUSEHOLD, region=Region.LIMBURG)
    first = await world.join(days=20)
    close, late = await world.join(here, days=14), await world.join(here, days=2)
    for _ in range(3):
        await world.post_bed(await world.add_unit(region=Region.LIMBURG))
        await world.settle()
    assert [offer["entry_id"] for offer in await world.offers("made")] == [close.id, first.id, late.id]
    decision = (await world.rows("registry", select(decisions).order_by(decisions.c.id)))[0]
    assert "own-region-first" in decision["explanation"]
    assert decision["policy"] == "urgency-then-waiting-since.v1/cosm.2010-01-01"


async def test_the_helpdesk_may_answer_for_any_coordinator_and_both_are_recorded(world: World) -> None:
    """Acting on behalf of: whose household it is, and who said so."""
    await world.join()
    await world.post_bed(await world.add_unit())
    await world.settle()
    (offer,) = await world.offers("made")
    helpdesk = handlers.Answering("helpdesk", for_anyone=True)
    await world.run("registry", lambda unit: handlers.accept_offer(world.matchmaker, unit, offer["id"], helpdesk))
    (accepted,) = await world.offers("accepted")
    assert (accepted["coordinator"], accepted["decided_by"]) == (offer["coordinator"], "helpdesk")
    await world.settle()


async def test_the_registry_knows_of_a_place_what_may_matter_and_nothing_more(world: World) -> None:
    """Region, secrecy, facility as an id, and for how large a household: no address, no name."""
    await world.post_bed(await world.add_unit(region=Region.AMSTERDAM, places=4, kept_for_places=3))
    await world.settle()
    (vacancy,) = await world.rows("registry", select(vacancies))
    for said in ('"region":"amsterdam"', '"secrecy":"secret"', '"facilityId":', '"keptForPlaces":3'):
        assert said in vacancy["terms"]


async def test_a_man_is_not_offered_what_takes_women_even_if_kept_for_families(world: World) -> None:
    """A preference never overrides a rule."""
    man = Profile(Sex.MALE, AgeBand.AGE_23_PLUS, 1, 3, wheelchair=False, needs=frozenset())
    await world.join(man, days=30)
    woman = await world.join(days=1)
    await world.post_bed(await world.add_unit(places=5, sexes=[Sex.FEMALE], kept_for_places=3))
    await world.settle()
    assert (await world.offers("made"))[0]["entry_id"] == woman.id


async def test_a_home_refused_as_unsafe_keeps_them_from_that_municipality(world: World) -> None:
    """A home has no facility: where it is, is what is not safe. The next in line has it."""
    entry, second = await world.join(waitlist="housing", days=9), await world.join(waitlist="housing", days=5)
    await world.add_municipality()
    await world.open_slot()
    await world.settle()
    await world.decline((await world.offers("made"))[0]["id"], DeclineReason.UNSAFE)
    assert (await world.offers("made"))[0]["entry_id"] == second.id
    await world.open_slot()
    await world.settle()
    assert [offer["entry_id"] for offer in await world.offers("made")] == [second.id]
    (case,) = await world.rows("registry", select(cases).where(cases.c.id == entry.case_id))
    assert '"excludedMunicipalities":["GM0344"]' in case["profile"]
