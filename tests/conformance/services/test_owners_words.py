"""What owners say of their vacancies, in whatever order it is heard; and what they do not say."""

import pytest

from schemas.vocabulary import Programme, WithdrawalReason
from services.cli.simulation.acts import HELPDESK
from services.shelters.handlers import vacancies
from tests.support.cases import offered_bed
from tests.support.world import World

WITHDRAWN = [WithdrawalReason.MAINTENANCE, WithdrawalReason.SAFETY, WithdrawalReason.WITHDRAWN]


@pytest.mark.parametrize("affirmed", [False, True])
@pytest.mark.parametrize("order", [1, -1])
async def test_after_a_no_show_the_order_of_messages_decides_nothing(
    world: World, order: int, *, affirmed: bool
) -> None:
    """Who did not come has their old place back before the unit is given to anyone: it is theirs to answer again."""
    first = await world.join(days=9)
    await world.join(days=5)
    unit = await offered_bed(world)
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    await world.miss(unit)
    if affirmed:
        await world.affirm_bed(unit)
    said = await world.hold_back("shelters")
    kinds = ["no-show-reported", "bed-freed", "bed-freed"][: 3 if affirmed else 2]
    assert [row["routing_key"].split(".")[-2] for row in said] == kinds
    await world.hand_on(said[::order])
    await world.settle()
    offers = [(offer["state"], offer["reason"], offer["entry_id"] == first.id) for offer in await world.offers()]
    assert offers == [("fell_through", "no_show", True), ("made", None, True)]


@pytest.mark.parametrize("reason", WITHDRAWN)
@pytest.mark.parametrize("accepted", [False, True])
async def test_why_a_bed_is_taken_back_reaches_the_coordinator(
    world: World, reason: WithdrawalReason, *, accepted: bool
) -> None:
    """Before the answer and after it, with the provider's own reason."""
    await world.join()
    unit = await offered_bed(world)
    if accepted:
        await world.accept((await world.offers("made"))[0]["id"])
        await world.settle()
    row = await world.unit(unit)
    await world.run(
        "shelters",
        lambda held: vacancies.withdraw_vacancy(held, row["vacancy_id"], row["organisation"], reason),
    )
    await world.settle()
    (offer,) = await world.offers()
    assert offer["reason"] == reason
    last = [event for kind, event in await world.events("registry") if kind != "contact-needed"][-1]
    assert last.reason == reason


async def test_a_provider_that_was_silent_and_affirms_is_asked_about_them_again(world: World) -> None:
    """Silence moves on to the next; of it only the helpdesk hears. Nobody pays for a provider that was away."""
    first, second = await world.join(waitlist="vo", days=9), await world.join(waitlist="vo", days=5)
    unit = await world.add_unit(programme=Programme.VO)
    await world.post_bed(unit, lease_seconds=20 * 24 * 3600)
    await world.settle()
    await world.pass_time(days=4)
    await world.pass_time(days=4)
    ended = [(offer["entry_id"], offer["reason"]) for offer in await world.offers("ended")]
    assert ended == [(first.id, "unanswered"), (second.id, "unanswered")]
    contacts = [event for kind, event in await world.events("registry") if kind == "contact-needed"]
    assert [(event.reason, event.recipients) for event in contacts] == [("provider_silent", [HELPDESK])] * 2
    await world.affirm_bed(unit, lease_seconds=20 * 24 * 3600)
    await world.settle()
    assert [offer["entry_id"] for offer in await world.offers("enquired")] == [first.id]


async def test_a_lease_that_ends_before_the_providers_time_is_no_silence(world: World) -> None:
    """The provider said nothing wrong, and when the unit is posted again it is asked about the same household."""
    entry = await world.join(waitlist="vo")
    unit = await world.add_unit(programme=Programme.VO)
    await world.post_bed(unit, lease_seconds=3600)
    await world.settle()
    await world.pass_time(hours=1)
    (ended,) = await world.offers()
    assert (ended["state"], ended["reason"]) == ("ended", "lapsed")
    world.clock.forward(minutes=1)
    await world.post_bed(unit)
    await world.settle()
    assert [offer["entry_id"] for offer in await world.offers("enquired")] == [entry.id]
