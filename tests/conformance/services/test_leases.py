"""A free unit has a lease: it lapses unless it is affirmed, and an offer lasts no longer. On both databases."""

from datetime import timedelta

from tests.support.cases import states
from tests.support.world import World


async def test_a_lease_that_nobody_affirms_lapses_and_takes_the_offer_with_it(world: World) -> None:
    """A stale bed is never offered, and nobody was silent."""
    entry = await world.join()
    unit = await world.add_unit()
    await world.post_bed(unit, lease_seconds=3600)
    await world.settle()
    (offer,) = await world.offers("made")
    assert offer["deadline_at"] == world.clock() + timedelta(hours=1)
    await world.pass_time(seconds=3600)
    assert (await world.unit(unit))["state"] == "out_of_service"
    (ended,) = await world.offers("revoked")
    assert (ended["reason"], (await world.entry(entry.id))["silences"]) == ("lapsed", 0)
    assert not await world.offers("made")


async def test_an_affirmed_lease_gives_back_the_time_to_answer(world: World) -> None:
    """As much as the programme gives, and a reminder before its end."""
    await world.join()
    unit = await world.add_unit()
    await world.post_bed(unit, lease_seconds=3600)
    await world.settle()
    (short,) = await world.offers("made")
    assert short["remind_at"] is None
    await world.affirm_bed(unit)
    await world.settle()
    (offer,) = await world.offers("made")
    assert (offer["deadline_at"], offer["full_deadline_at"]) == (short["full_deadline_at"], None)
    assert offer["remind_at"] == offer["deadline_at"] - timedelta(hours=4)
    await world.pass_time(hours=24)
    assert await states(world) == ["expired"]


async def test_a_lease_that_was_affirmed_too_late_for_the_offer_offers_it_to_the_same_person(world: World) -> None:
    """They were never silent, so nobody goes before them."""
    first, _ = await world.join(days=9), await world.join(days=5)
    unit = await world.add_unit()
    await world.post_bed(unit, lease_seconds=3600)
    await world.settle()
    world.clock.forward(seconds=3599)
    await world.affirm_bed(unit)
    world.clock.forward(seconds=1)
    for timer in world.services["registry"].parts.timers:
        await timer.work()
    assert await states(world) == ["revoked"]
    await world.settle()
    assert [offer["entry_id"] for offer in await world.offers("made")] == [first.id]


async def test_an_affirmed_lease_lasts_longer(world: World) -> None:
    """The provider says: still free."""
    unit = await world.add_unit()
    await world.post_bed(unit, lease_seconds=3600)
    await world.pass_time(seconds=3000)
    await world.affirm_bed(unit, lease_seconds=3600)
    await world.pass_time(seconds=3000)
    entry = await world.join()
    await world.settle()
    assert (await world.offers("made"))[0]["entry_id"] == entry.id


async def test_a_reserved_bed_does_not_lapse(world: World) -> None:
    """It has been promised."""
    await world.join()
    unit = await world.add_unit()
    await world.post_bed(unit, lease_seconds=3600)
    await world.settle()
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    await world.pass_time(days=30)
    assert (await world.unit(unit))["state"] == "reserved"
