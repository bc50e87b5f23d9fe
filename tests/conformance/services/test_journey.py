"""Every step and every branch of the journey, over all services, on both databases."""

import pytest
from sqlalchemy import select

from schemas.vocabulary import DeclineReason, Need, Sex
from services.chassis.errors import Conflict, NotFound
from services.cli.simulation.acts import COORDINATOR, HOUSEHOLD
from services.municipalities.tables import ledger, slots
from services.notifications.tables import notifications
from services.registry.domain.decisions import Ahead, Rule
from services.registry.domain.model import Profile
from services.registry.handlers import entries as places
from services.registry.handlers import offers as handlers
from services.registry.store.decisions import decode_explanation, stored
from services.registry.tables import decisions, entries, vacancies
from tests.support.cases import states
from tests.support.world import SHELTER_OFFER_SECONDS, World


async def test_a_freed_bed_is_offered_to_who_waits_longest(world: World) -> None:
    """Nobody does anything but post the bed."""
    await world.join(days=3)
    first = await world.join(days=9)
    await world.join(days=5)
    unit = await world.add_unit()
    await world.post_bed(unit)
    await world.settle()
    (offer,) = await world.offers("made")
    assert offer["entry_id"] == first.id
    assert (await world.unit(unit))["state"] == "held"


async def test_the_urgent_go_first_and_equals_by_id(world: World) -> None:
    """Urgency, then waiting since, then an id: the order has no ties."""
    twin, other_twin = await world.join(days=4), await world.join(days=4)
    urgent = await world.join(days=1, urgency=2)
    for _ in range(3):
        await world.post_bed(await world.add_unit())
    await world.settle()
    assert [offer["entry_id"] for offer in await world.offers()] == [urgent.id, *sorted((twin.id, other_twin.id))]


async def test_a_bed_for_which_nobody_is_eligible_waits_for_someone_who_is(world: World) -> None:
    """It is offered the moment that someone joins."""
    await world.join(days=9)
    unit = await world.add_unit(sexes=[Sex.MALE])
    await world.post_bed(unit)
    await world.settle()
    assert await states(world) == []
    him = await world.join(Profile(Sex.MALE, HOUSEHOLD.age_band, 1, 0, wheelchair=False, needs=frozenset()))
    await world.settle()
    (offer,) = await world.offers("made")
    assert offer["entry_id"] == him.id


async def test_those_passed_over_have_a_reason_each(world: World) -> None:
    """The decision explains itself."""
    needy = Profile(Sex.FEMALE, HOUSEHOLD.age_band, 1, 4, wheelchair=False, needs=frozenset({Need.ADDICTION}))
    passed_over = await world.join(needy, days=30)
    chosen = await world.join(days=2)
    await world.post_bed(await world.add_unit(places=2))
    await world.settle()
    (row,) = await world.rows("registry", select(decisions))
    decision = stored(row)
    explanation = decode_explanation(decision.explanation)
    assert decision.considered_ids == [passed_over.id, chosen.id]
    assert explanation.chosen == chosen.id
    assert explanation.ahead == (Ahead(Rule.WAITING_LONGER, ("too-few-places", "need-not-served")),)


async def test_accepting_reserves_and_arriving_places(world: World) -> None:
    """The happy end of a bed."""
    entry = await world.join()
    unit = await world.add_unit()
    await world.post_bed(unit)
    await world.settle()
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    assert (await world.unit(unit))["state"] == "reserved"
    await world.arrive(unit)
    await world.settle()
    assert await states(world) == ["fulfilled"]
    assert await world.count("registry", entries, entries.c.id == entry.id, entries.c.state == "placed") == 1


async def test_a_refusal_moves_the_offer_to_the_next_and_keeps_the_place(world: World) -> None:
    """The one who said no still stands first for another bed."""
    first, second = await world.join(days=9), await world.join(days=5)
    await world.post_bed(await world.add_unit())
    await world.settle()
    await world.decline((await world.offers("made"))[0]["id"], DeclineReason.UNSAFE)
    assert [(offer["entry_id"], offer["state"]) for offer in await world.offers()] == [
        (first.id, "declined"),
        (second.id, "made"),
    ]
    await world.post_bed(await world.add_unit())
    await world.settle()
    assert (await world.offers())[-1]["entry_id"] == first.id


async def test_silence_moves_the_offer_on_at_the_deadline(world: World) -> None:
    """Not a moment before, and to the next in the same transaction."""
    first, second = await world.join(days=9), await world.join(days=5)
    await world.post_bed(await world.add_unit())
    await world.settle()
    await world.pass_time(seconds=SHELTER_OFFER_SECONDS - 1)
    assert await states(world) == ["made"]
    await world.pass_time(seconds=1)
    assert [(offer["entry_id"], offer["state"]) for offer in await world.offers()] == [
        (first.id, "expired"),
        (second.id, "made"),
    ]


async def test_after_the_deadline_it_is_too_late_to_accept(world: World) -> None:
    """Even if the timer has not come by yet: the deadline decides, not the timer."""
    await world.join()
    await world.post_bed(await world.add_unit())
    await world.settle()
    (offer,) = await world.offers("made")
    world.clock.forward(seconds=SHELTER_OFFER_SECONDS)
    with pytest.raises(Conflict, match="deadline has passed"):
        await world.accept(offer["id"])
    await world.pass_time(seconds=0)


async def test_an_offer_is_answered_once(world: World) -> None:
    """The second answer is refused, whichever it is, and changes nothing."""
    await world.join()
    await world.post_bed(await world.add_unit())
    await world.settle()
    (offer,) = await world.offers("made")
    await world.accept(offer["id"])
    for again in (world.accept, world.decline):
        with pytest.raises(Conflict, match="accepted"):
            await again(offer["id"])
    assert await states(world) == ["accepted"]


async def test_everyone_refuses_and_the_bed_stays_open_until_someone_new_comes(world: World) -> None:
    """Nobody is asked twice for the same bed, and the bed is not lost."""
    for days in (9, 5):
        await world.join(days=days)
    unit = await world.add_unit()
    await world.post_bed(unit)
    await world.settle()
    for _ in range(2):
        await world.decline((await world.offers("made"))[0]["id"])
    await world.settle()
    assert (await world.unit(unit))["state"] == "free"
    newcomer = await world.join()
    assert (await world.offers("made"))[0]["entry_id"] == newcomer.id


@pytest.mark.parametrize("answered", [False, True], ids=["offered", "accepted"])
async def test_a_withdrawn_bed_ends_its_offer_and_nobody_loses_their_place(world: World, *, answered: bool) -> None:
    """Revoked, or fallen through; the household is first again with its old waiting-since."""
    first = await world.join(days=9)
    await world.join(days=5)
    unit = await world.add_unit()
    await world.post_bed(unit)
    await world.settle()
    if answered:
        await world.accept((await world.offers("made"))[0]["id"])
        await world.settle()
    await world.withdraw_bed(unit)
    await world.settle()
    assert await states(world) == ["fell_through" if answered else "revoked"]
    await world.post_bed(unit)
    await world.settle()
    assert (await world.offers("made"))[0]["entry_id"] == first.id


async def test_a_no_show_frees_the_bed_for_the_next_and_keeps_the_old_place(world: World) -> None:
    """The placement falls through; the bed comes free as a new vacancy."""
    absent = await world.join(days=9)
    unit = await world.add_unit()
    await world.post_bed(unit)
    await world.settle()
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    await world.miss(unit)
    await world.settle()
    assert [(offer["entry_id"], offer["state"]) for offer in await world.offers()] == [
        (absent.id, "fell_through"),
        (absent.id, "made"),
    ]


async def test_a_departure_frees_the_bed_for_the_next(world: World) -> None:
    """Nobody has to post it."""
    await world.join(days=9)
    unit = await world.add_unit()
    await world.post_bed(unit)
    await world.settle()
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    await world.arrive(unit)
    waiting = await world.join()
    await world.depart(unit)
    await world.settle()
    assert (await world.offers("made"))[0]["entry_id"] == waiting.id


async def test_who_leaves_is_not_offered_anything(world: World) -> None:
    """The next one is."""
    gone, stays = await world.join(days=9), await world.join(days=1)
    await world.leave(gone.id)
    await world.post_bed(await world.add_unit())
    await world.settle()
    assert (await world.offers("made"))[0]["entry_id"] == stays.id
    with pytest.raises(Conflict, match="only a waiting one"):
        await world.leave(gone.id)


async def test_a_case_stands_in_a_list_once(world: World) -> None:
    """The index refuses the second, whatever the code does."""
    entry = await world.join()
    with pytest.raises(Conflict, match="stands in this waitlist already"):
        await world.join(case_id=entry.case_id)


async def test_a_home_frees_a_bed_and_the_bed_reaches_the_next_person(world: World) -> None:
    """The cascade, whole: slot, claim, housed, counted, unit free, offer, notification."""
    resident = await world.join(days=90)
    unit = await world.add_unit()
    await world.post_bed(unit)
    await world.settle()
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    await world.arrive(unit)
    await world.settle()
    await world.join(waitlist="housing", days=90, case_id=resident.case_id)
    next_person = await world.join(days=13)
    await world.add_municipality()
    slot = await world.open_slot()
    await world.settle()
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    claim = await world.claim(slot.id)
    await world.settle()
    await world.house(claim.id)
    await world.settle()
    assert await world.count("municipalities", ledger, ledger.c.account == "housed") == 1
    assert (await world.unit(unit))["state"] == "held"
    (offer,) = await world.offers("made")
    assert offer["entry_id"] == next_person.id
    told = await world.rows("notifications", select(notifications.c.kind).order_by(notifications.c.sequence))
    assert [row["kind"] for row in told][-2:] == ["placement-ended", "offer-made"]


async def test_a_withdrawn_slot_revokes_its_offer(world: World) -> None:
    """The household keeps its place on the housing list."""
    entry = await world.join(waitlist="housing", days=40)
    await world.add_municipality()
    slot = await world.open_slot()
    await world.settle()
    await world.withdraw_slot(slot.id)
    await world.settle()
    assert await states(world) == ["revoked"]
    await world.open_slot()
    await world.settle()
    assert (await world.offers("made"))[0]["entry_id"] == entry.id


async def test_only_an_accepted_slot_can_be_claimed_and_only_once(world: World) -> None:
    """Nobody is claimed who has not said yes."""
    await world.join(waitlist="housing")
    await world.add_municipality()
    slot = await world.open_slot()
    await world.settle()
    with pytest.raises(Conflict, match="wait for the acceptance"):
        await world.claim(slot.id)
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    claim = await world.claim(slot.id)
    with pytest.raises(Conflict):
        await world.claim(slot.id)
    with pytest.raises(Conflict, match="claimed"):
        await world.withdraw_slot(slot.id)
    await world.settle()
    await world.house(claim.id)
    with pytest.raises(Conflict, match="housed"):
        await world.house(claim.id)


async def test_a_slot_too_small_waits(world: World) -> None:
    """A family is not offered a room."""
    family = Profile(Sex.FEMALE, HOUSEHOLD.age_band, 1, 3, wheelchair=False, needs=frozenset())
    await world.join(family, waitlist="housing")
    await world.add_municipality()
    await world.open_slot(places=2)
    await world.settle()
    assert await states(world) == []
    assert await world.count("municipalities", slots, slots.c.state == "open") == 1


async def test_an_occupied_unit_is_not_free(world: World) -> None:
    """Freeing it is refused, and says what to do."""
    await world.join()
    unit = await world.add_unit()
    await world.post_bed(unit)
    with pytest.raises(Conflict, match="affirm"):
        await world.post_bed(unit)
    await world.settle()
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    await world.arrive(unit)
    with pytest.raises(Conflict, match="record the departure"):
        await world.post_bed(unit)
    with pytest.raises(Conflict, match="only a reserved one"):
        await world.arrive(unit)
    await world.settle()


async def test_an_end_that_arrives_before_its_beginning_still_ends_it(world: World) -> None:
    """Messages may pass each other; a bed that was withdrawn is never offered afterwards."""
    await world.join()
    unit = await world.add_unit()
    await world.post_bed(unit)
    await world.withdraw_bed(unit)
    outbox = world.services["shelters"].tables.outbox
    first, second = await world.rows("shelters", select(outbox).order_by(outbox.c.id))
    for message in (second, first, second):
        await world.deliver(message["routing_key"], message["body"].encode())
    await world.settle()
    assert await states(world) == []
    (vacancy,) = await world.rows("registry", select(vacancies))
    assert vacancy["state"] == "withdrawn"


async def test_a_message_that_comes_twice_has_its_effect_once(world: World) -> None:
    """The inbox remembers."""
    await world.join()
    await world.join()
    await world.post_bed(await world.add_unit())
    outbox = world.services["shelters"].tables.outbox
    (message,) = await world.rows("shelters", select(outbox))
    for _ in range(3):
        await world.deliver(message["routing_key"], message["body"].encode())
    assert await states(world) == ["made"]


async def test_what_is_someone_elses_does_not_exist(world: World) -> None:
    """An offer of another organisation cannot be answered, nor told from one that never was."""
    await world.join()
    await world.post_bed(await world.add_unit())
    await world.settle()
    (offer,) = await world.offers("made")
    with pytest.raises(NotFound):
        await world.run(
            "registry",
            lambda unit: handlers.accept_offer(world.matchmaker, unit, offer["id"], handlers.Answering("another")),
        )


async def test_leaving_and_coming_back_is_no_new_beginning(world: World) -> None:
    """A pause goes on where it was left, and what was refused is not offered again."""
    first = await world.join(days=9)
    await world.post_bed(await world.add_unit())
    await world.settle()
    await world.decline((await world.offers("made"))[0]["id"], DeclineReason.FOUND_ELSEWHERE)
    await world.leave(first.id)
    again = await world.join(days=9, urgency=9, case_id=first.case_id)
    assert (await world.entry(again.id))["pause_reason"] == "review"
    await world.run("registry", lambda unit: places.resume(world.matchmaker, unit, again.id, COORDINATOR))
    await world.settle()
    assert await states(world) == ["declined"]
    await world.post_bed(await world.add_unit())
    await world.settle()
    assert [offer["entry_id"] for offer in await world.offers("made")] == [again.id]


async def test_silence_counts_on_after_coming_back(world: World) -> None:
    """Three in a row are three in a row."""
    entry = await world.join()
    await world.post_bed(await world.add_unit())
    await world.settle()
    await world.pass_time(hours=24)
    await world.leave(entry.id)
    assert (await world.join(case_id=entry.case_id)).silences == 1
