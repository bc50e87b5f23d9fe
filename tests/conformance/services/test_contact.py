"""When nobody answers, somebody is asked to find out why: the coordinator and the helpdesk, on both databases."""

from typing import Any

from sqlalchemy import select

from services.cli.simulation.acts import COORDINATOR
from services.notifications.tables import notifications
from services.registry.handlers import entries
from tests.support.cases import do, offered_bed
from tests.support.world import World

HELPDESK = "comensha"


async def called(world: World) -> list[Any]:
    """For whom contact was asked, why, and as the how-manieth time; each recipient was told by a message of its own."""
    asked = [
        (await world.meant_by(data.recipients[0], data.entry_id), data.reason, data.version)
        for kind, data in await world.events("registry")
        if kind == "contact-needed" and len(data.recipients) == 1
    ]
    return list(dict.fromkeys(asked))


async def told(world: World, recipient: str) -> list[Any]:
    """About whom somebody was told that contact is needed."""
    mine = (notifications.c.recipient == recipient, notifications.c.kind == "contact-needed")
    rows = await world.rows("notifications", select(notifications).where(*mine).order_by(notifications.c.sequence))
    return [await world.meant_by(recipient, row["subject"]) for row in rows]


async def let_expire(world: World) -> None:
    """A reminder, and then the deadline."""
    await world.pass_time(hours=21)
    await world.pass_time(hours=3)


async def test_a_reminder_in_vain_is_told_to_the_coordinator_and_the_helpdesk(world: World) -> None:
    """With where to look; the household keeps its place."""
    entry = await world.join()
    await offered_bed(world)
    (offer,) = await world.offers("made")
    await world.pass_time(hours=21)
    assert await called(world) == []
    await world.pass_time(hours=3)
    assert await called(world) == [(entry.id, "reminded_in_vain", 1)]
    assert await told(world, COORDINATOR) == await told(world, HELPDESK) == [entry.id]
    rows = await world.rows("notifications", select(notifications).where(notifications.c.recipient == HELPDESK))
    assert [row["dataref"] for row in rows] == [f"/registry/v1/offers/{offer['id']}"]
    assert (await world.entry(entry.id))["state"] == "waiting"
    await world.pass_time(hours=3)
    assert len(await called(world)) == 1


async def test_who_is_silent_again_and_again_is_contacted_before_the_next_offer(world: World) -> None:
    """Each time anew, once the household is in line again."""
    entry = await world.join()
    for _ in range(3):
        await offered_bed(world)
        await let_expire(world)
    reasons = [reason for _, reason, _ in await called(world)]
    assert reasons == ["reminded_in_vain", "reminded_in_vain", "silent_repeatedly"]
    assert (await world.entry(entry.id))["pause_reason"] == "contact-review"
    await do(world, lambda unit: entries.resume(world.matchmaker, unit, entry.id, COORDINATOR))
    await offered_bed(world)
    await let_expire(world)
    assert [version for _, _, version in await called(world)] == [1, 2, 3, 4]
    assert await told(world, COORDINATOR) == await told(world, HELPDESK) == [entry.id] * 4


async def test_nobody_was_reminded_in_vain_who_was_not_reminded(world: World) -> None:
    """The time to answer was too short for that, or the reminder came too late to be given."""
    await world.join()
    unit = await world.add_unit()
    await world.post_bed(unit, lease_seconds=2 * 3600)
    await world.settle()
    await world.pass_time(hours=2)
    assert len(await world.offers("expired")) + len(await world.offers("revoked")) == 1
    await offered_bed(world)
    await world.pass_time(hours=24)
    assert await world.offers("expired")
    assert await called(world) == []


async def test_an_answer_in_time_calls_nobody(world: World) -> None:
    """Nor does one after a reminder."""
    await world.join()
    await offered_bed(world)
    await world.pass_time(hours=21)
    await world.decline((await world.offers("made"))[0]["id"])
    await world.pass_time(hours=24)
    assert await called(world) == []
