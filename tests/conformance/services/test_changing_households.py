"""A household changes while something is offered to it, accepted, or lived in: whom it concerns hears what is true."""

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import select

from schemas.vocabulary import AgeBand, DeclineReason, ExclusionReason, Need, Programme, Region, Sex
from services.chassis.errors import Conflict
from services.cli.simulation.acts import COORDINATOR, HELPDESK, HOUSEHOLD
from services.municipalities.tables import claims, slots
from services.registry.domain.households import Member
from services.registry.handlers import entries, households
from services.registry.handlers.households import Exclusion
from services.shelters.tables import enquiries
from tests.support.cases import do, offered_bed
from tests.support.world import World

FAMILY = replace(HOUSEHOLD, children=2)
NO_LONGER_SUITABLE = [("place_no_longer_suitable", COORDINATOR), ("place_no_longer_suitable", HELPDESK)]
CHILD = Member(Sex.FEMALE, AgeBand.UNDER_12, child=True, wheelchair=False, needs=frozenset())


async def contacts(world: World) -> list[tuple[str, tuple[str, ...]]]:
    """For what reasons whom the registry asked to act, each by a message of their own."""
    return [
        (event.reason.value, *event.recipients)
        for kind, event in await world.events("registry")
        if kind == "contact-needed"
    ]


async def asked(world: World, places: int = 6) -> UUID:
    """A free unit about which its provider decides."""
    unit = await world.add_unit(places=places, programme=Programme.VO, needs=tuple(Need))
    await world.post_bed(unit)
    await world.settle()
    return unit


async def change(world: World, case_id: UUID, **differing: object) -> None:
    await world.change(case_id, replace(HOUSEHOLD, **differing))
    await world.settle()


async def test_a_provider_is_asked_again_about_a_household_that_is_another_now(world: World) -> None:
    """What it has not answered yet is ended, and it hears of the same household as it is."""
    entry = await world.join(waitlist="vo")
    unit = await asked(world)
    await change(world, entry.case_id, children=2, needs=frozenset({Need.ADDICTION}))
    told = await world.rows("shelters", select(enquiries).order_by(enquiries.c.offer_id))
    assert [(row["adults"], row["children"], row["needs"]) for row in told] == [(1, 0, "[]"), (1, 2, '["addiction"]')]
    (ended, _) = await world.offers()
    assert (ended["state"], ended["reason"]) == ("ended", "household_changed")
    await world.answer(unit)
    await world.settle()
    (offer,) = await world.offers("made")
    assert offer["entry_id"] == entry.id


async def test_a_provider_that_agreed_to_others_is_asked_again(world: World) -> None:
    """The coordinator's offer is taken back and says why; nobody else gets the unit meanwhile."""
    entry = await world.join(waitlist="vo", days=9)
    await world.join(waitlist="vo")
    unit = await asked(world)
    await world.answer(unit)
    await world.settle()
    await change(world, entry.case_id, children=2)
    states = [(offer["entry_id"] == entry.id, offer["state"], offer["reason"]) for offer in await world.offers()]
    assert states == [(True, "revoked", "household_changed"), (True, "enquired", None)]


async def test_who_changes_after_the_yes_keeps_the_place_and_people_talk(world: World) -> None:
    """The provider agreed to others, so the coordinator and the helpdesk are asked to tell it."""
    entry = await world.join(waitlist="vo")
    unit = await asked(world)
    await world.answer(unit)
    await world.settle()
    await world.accept((await world.offers("made"))[0]["id"])
    await change(world, entry.case_id, children=2)
    assert (await world.unit(unit))["state"] == "reserved"
    assert await contacts(world) == [("household_changed", COORDINATOR), ("household_changed", HELPDESK)]


async def test_what_a_provider_is_not_told_changes_nothing(world: World) -> None:
    """A wish about secrecy that the unit meets is no reason to ask again."""
    entry = await world.join(waitlist="vo")
    await asked(world)
    await change(world, entry.case_id, excluded_municipalities=frozenset({"GM0518"}))
    assert [offer["state"] for offer in await world.offers()] == ["enquired"]


async def test_who_became_too_few_for_a_kept_unit_makes_room_for_a_family_that_waits(world: World) -> None:
    """Where no larger household waits, they keep it."""
    first = await world.join(FAMILY, days=9)
    await world.post_bed(await world.add_unit(places=4, kept_for_places=3))
    await world.settle()
    await change(world, first.case_id, children=1)
    assert [offer["state"] for offer in await world.offers()] == ["made"]
    await change(world, first.case_id, children=2)
    second = await world.join(FAMILY, days=3)
    await change(world, first.case_id, children=0)
    states = [(offer["entry_id"], offer["state"], offer["reason"]) for offer in await world.offers()]
    assert states == [
        (first.id, "revoked", "kept-for-larger-household"),
        (second.id, "made", None),
    ]


@pytest.mark.parametrize("accepted", [False, True])
async def test_a_municipality_hears_how_many_come_by_now(world: World, *, accepted: bool) -> None:
    """While a home is offered, and after it was accepted and claimed; and as many count when they have moved in."""
    entry = await world.join(waitlist="housing")
    await world.add_municipality()
    slot = await world.open_slot(places=4)
    await world.settle()
    if accepted:
        await world.accept((await world.offers("made"))[0]["id"])
        await world.settle()
        claim = await world.claim(slot.id)
        await world.settle()
    await change(world, entry.case_id, children=2)
    (shown,) = await world.rows("municipalities", select(slots))
    assert (shown["adults"], shown["children"], shown["accepted"]) == (1, 2, accepted)
    if accepted:
        await world.house(claim.id)
        (row,) = await world.rows("municipalities", select(claims))
        assert row["people"] == 3


async def test_news_of_a_household_may_overtake_the_offer(world: World) -> None:
    """Whatever the order in which the municipality hears, it knows what is true in the end."""
    entry = await world.join(waitlist="housing")
    await world.add_municipality()
    await world.open_slot(places=4)
    await world.carry("municipalities")
    made = await world.hold_back("registry")
    await world.change(entry.case_id, replace(HOUSEHOLD, children=2))
    await world.settle()
    await world.hand_on(made)
    (shown,) = await world.rows("municipalities", select(slots))
    assert (shown["state"], shown["adults"], shown["children"]) == ("held", 1, 2)


async def test_who_outgrows_the_unit_that_they_live_in_is_told_of(world: World) -> None:
    """Nobody is put out: the coordinator and the helpdesk are asked to act, once."""
    entry = await world.join()
    unit = await offered_bed(world, places=2)
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    await world.arrive(unit)
    await world.settle()
    for _ in range(2):
        await do(
            world,
            lambda transaction: households.add_member(world.matchmaker, transaction, entry.case_id, COORDINATOR, CHILD),
        )
    assert await contacts(world) == NO_LONGER_SUITABLE
    assert (await world.unit(unit))["state"] == "occupied"


@pytest.mark.parametrize("pausing", [False, True])
async def test_an_enquiry_keeps_nobody_in_line(world: World, *, pausing: bool) -> None:
    """Who leaves or stands aside need not wait for a provider's answer; the next is asked about."""
    first, second = await world.join(waitlist="vo", days=9), await world.join(waitlist="vo")
    unit = await asked(world)
    if pausing:
        await do(world, lambda held: entries.pause(world.matchmaker, held, first.id, COORDINATOR, None))
    else:
        await world.leave(first.id)
    await world.settle()
    assert [offer["entry_id"] for offer in await world.offers("enquired")] == [second.id]
    assert (await world.entry(first.id))["state"] == ("paused" if pausing else "withdrawn")
    assert (await world.unit(unit))["state"] == "held"


async def test_who_is_offered_something_answers_first(world: World) -> None:
    """And hears that a yes can be taken back, too."""
    entry = await world.join()
    await offered_bed(world)
    with pytest.raises(Conflict, match="Answer its offer first; a yes can be taken back"):
        await world.leave(entry.id)


async def test_each_further_place_that_is_not_safe_is_told_where_they_live(world: World) -> None:
    """Of a unit of which nobody knows where it is, one region excluded was a reason; another is one more."""
    entry = await world.join()
    unit = await offered_bed(world)
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    await world.arrive(unit)
    await world.settle()
    for region in (Region.LIMBURG, Region.NOORD_NEDERLAND):
        rule = Exclusion(ExclusionReason.FAMILY_THERE, region=region)
        await do(
            world,
            lambda held, rule=rule: households.exclude(
                world.matchmaker, world.vault, held, entry.case_id, COORDINATOR, rule
            ),
        )
    assert await contacts(world) == NO_LONGER_SUITABLE * 2


async def test_a_refusal_that_is_taken_back_asks_the_provider_about_who_they_are_by_then(world: World) -> None:
    """It agreed to one person; four come."""
    entry = await world.join(waitlist="vo")
    unit = await asked(world)
    await world.answer(unit)
    await world.settle()
    offer_id = (await world.offers("made"))[0]["id"]
    await world.decline(offer_id, DeclineReason.OTHER)
    await world.settle()
    await change(world, entry.case_id, children=3)
    await world.undo(offer_id)
    await world.settle()
    assert [offer["state"] for offer in await world.offers()] == ["declined", "enquired"]
    told = await world.rows("shelters", select(enquiries).order_by(enquiries.c.offer_id))
    assert [(row["adults"], row["children"]) for row in told] == [(1, 0), (1, 3)]
