"""Whoever does not answer is reminded: at the moments of the ladder, each once, and never after the decision."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from schemas.vocabulary import Programme
from services.calendar.hours import AMSTERDAM
from services.cli.simulation.acts import COORDINATOR, HELPDESK
from services.notifications.domain.ladders import Reminder
from services.notifications.tables import notifications, reminders
from tests.support.cases import offered_bed
from tests.support.world import World

KINDS = [kind.value for kind in Reminder]
UNANSWERED, SUBSTITUTE, FOR_HELPDESK = KINDS
MOMENT = timedelta(seconds=1)


def dutch(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM).astimezone(UTC)


async def told(world: World, offer_id: UUID | None = None) -> list[tuple[str, str]]:
    """Who was reminded, and how, in order: of this offer, or of any."""
    query = select(notifications).where(notifications.c.kind.in_(KINDS)).order_by(notifications.c.id)
    query = query if offer_id is None else query.where(notifications.c.subject == offer_id)
    return [(row.recipient, row.kind) for row in await world.rows("notifications", query)]


async def at(world: World, *moments: datetime) -> None:
    """Let everything happen that is due at each of these moments."""
    for moment in moments:
        await world.pass_time(seconds=(moment - world.clock()).total_seconds())


async def offered(world: World, when: datetime) -> tuple[UUID, UUID]:
    """A unit and the offer of it, made at this moment."""
    await at(world, when)
    await world.join(waitlist="omm")
    unit_id = await offered_bed(world, programme=Programme.OMM)
    [offer] = await world.offers("made")
    return unit_id, offer["id"]


async def steps(world: World, *expected: tuple[datetime, Sequence[tuple[str, str]]]) -> None:
    """At each of these moments this is said, not a moment sooner, and once."""
    so_far: list[tuple[str, str]] = []
    for moment, said in expected:
        await at(world, moment - MOMENT)
        assert await told(world) == so_far
        so_far += said
        await at(world, moment, moment, moment + MOMENT)
        assert await told(world) == so_far


async def test_an_offer_of_a_bed_is_reminded_of_in_working_hours_and_before_its_deadline(world: World) -> None:
    """Wednesday at ten: after four and six working hours, and to the helpdesk two hours before the next day at ten."""
    await offered(world, dutch("2026-03-04 10:00"))
    await steps(
        world,
        (dutch("2026-03-04 14:00"), [(COORDINATOR, UNANSWERED)]),
        (dutch("2026-03-04 16:00"), [(COORDINATOR, SUBSTITUTE)]),
        (dutch("2026-03-05 08:00"), [(HELPDESK, FOR_HELPDESK)]),
    )
    await at(world, dutch("2026-03-06 10:00"))
    assert len(await told(world)) == len(KINDS)


async def test_an_offer_of_a_home_is_reminded_of_over_easter_on_working_days_only(world: World) -> None:
    """Thursday at noon: Good Friday, the weekend and Easter Monday do not count."""
    await at(world, dutch("2026-04-02 12:00"))
    await world.add_municipality()
    await world.join(waitlist="housing")
    await world.open_slot()
    await world.settle()
    await steps(
        world,
        (dutch("2026-04-08 12:00"), [(COORDINATOR, UNANSWERED)]),
        (dutch("2026-04-09 04:00"), [(HELPDESK, FOR_HELPDESK)]),
    )


async def test_a_weekend_without_working_hours_leaves_the_helpdesk_only(world: World) -> None:
    """The deadline of an offer of Friday evening has passed before anybody is back at work."""
    await offered(world, dutch("2026-03-06 18:00"))
    await steps(world, (dutch("2026-03-07 16:00"), [(HELPDESK, FOR_HELPDESK)]))


async def test_what_was_missed_is_said_once_and_nothing_at_the_deadline(world: World) -> None:
    """After an outage of the notifications."""
    await offered(world, dutch("2026-03-04 10:00"))
    await at(world, dutch("2026-03-05 09:59"))
    assert await told(world) == [(COORDINATOR, UNANSWERED), (COORDINATOR, SUBSTITUTE), (HELPDESK, FOR_HELPDESK)]


@pytest.mark.parametrize("decision", ["accept", "decline", "withdraw"])
async def test_no_reminder_follows_a_decision(world: World, decision: str) -> None:
    """Whatever became of the offer, at any time."""
    unit_id, offer_id = await offered(world, dutch("2026-03-04 10:00"))
    await at(world, dutch("2026-03-04 14:00"))
    if decision == "withdraw":
        await world.withdraw_bed(unit_id)
    else:
        await (world.accept if decision == "accept" else world.decline)(offer_id)
    await world.settle()
    await at(world, dutch("2026-03-04 16:00"), dutch("2026-03-05 08:00"))
    assert await told(world, offer_id) == [(COORDINATOR, UNANSWERED)]
    assert not await world.rows("notifications", select(reminders.c.id).where(reminders.c.id == offer_id))


async def test_an_older_word_does_not_begin_reminders_again(world: World) -> None:
    """The offer arrives once more, after its answer."""
    await at(world, dutch("2026-03-04 10:00"))
    await world.join(waitlist="omm")
    await world.post_bed(await world.add_unit(programme=Programme.OMM))
    await world.carry("shelters")
    late = await world.hold_back("registry")
    [offer] = await world.offers("made")
    await world.accept(offer["id"])
    await world.settle()
    await world.hand_on(late)
    assert not await world.rows("notifications", select(reminders.c.id))


@pytest.mark.parametrize("is_late", [True, False])
async def test_a_warning_that_overtakes_its_offer_begins_the_ladder(world: World, is_late: bool) -> None:  # noqa: FBT001 - a parameter
    """The helpdesk hears of it, whether the offer comes late or never; of what has passed by then, nothing is said."""
    await at(world, dutch("2026-03-04 10:00"))
    await world.join(waitlist="omm")
    await world.post_bed(await world.add_unit(programme=Programme.OMM))
    await world.carry("shelters")
    held = await world.hold_back("registry")
    [offer] = await world.offers("made")
    await at(world, dutch("2026-03-05 06:00"))
    assert await told(world) == []
    if is_late:
        await world.hand_on(held)
    await steps(world, (dutch("2026-03-05 08:00"), [(HELPDESK, FOR_HELPDESK)]))
    await world.decline(offer["id"])
    await world.settle()
    await world.hand_on(held)
    assert not await world.rows("notifications", select(reminders.c.id))


async def test_an_offer_that_comes_late_gives_its_own_moments_to_the_ladder(world: World) -> None:
    """Those of after it was made, which the warning did not know."""
    await at(world, dutch("2026-03-04 10:00"))
    await world.join(waitlist="omm")
    await world.post_bed(await world.add_unit(programme=Programme.OMM))
    await world.carry("shelters")
    late = await world.hold_back("registry")
    await at(world, dutch("2026-03-05 06:00"))
    await world.hand_on(late)
    [row] = await world.rows("notifications", select(reminders))
    assert row.began_at == dutch("2026-03-04 10:00")


async def test_who_cannot_hear_does_not_remind(world: World) -> None:
    """Perhaps the answer is under way; when messages come again, there is time for them to arrive first."""
    await offered(world, dutch("2026-03-04 10:00"))
    broker = world.services["notifications"].parts.broker
    broker.connected = False  # type: ignore[misc] # the port only reads it
    await at(world, dutch("2026-03-04 14:00"))
    broker.connected = True  # type: ignore[misc]
    await at(world, *[dutch("2026-03-04 14:00")] * 4)
    assert await told(world) == []
    await at(world, *[dutch("2026-03-04 14:00")] * 2)
    assert await told(world) == [(COORDINATOR, UNANSWERED)]
