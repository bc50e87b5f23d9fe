"""A provider is told in time that a vacancy lapses: once of each lease, and never when nothing is to be done."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from schemas.vocabulary import Programme
from services.calendar.hours import AMSTERDAM
from services.notifications.tables import notifications
from services.shelters.tables import units
from tests.support.world import World

HOUR = 3600
MOMENT = timedelta(seconds=1)
OF_LEASES = select(notifications).where(notifications.c.kind.like("lease-%")).order_by(notifications.c.id)


def dutch(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM).astimezone(UTC)


async def told(world: World) -> list[str]:
    """What was said to the provider, in order."""
    return [row.kind for row in await world.rows("notifications", OF_LEASES)]


async def at(world: World, moment: datetime) -> None:
    await world.pass_time(seconds=(moment - world.clock()).total_seconds())


async def posted(world: World, when: datetime, lease_hours: int) -> UUID:
    """A unit that is free from this moment on."""
    await at(world, when)
    unit_id = await world.add_unit(programme=Programme.OMM)
    await world.post_bed(unit_id, lease_seconds=lease_hours * HOUR)
    await world.settle()
    return unit_id


async def test_a_provider_is_told_in_working_hours_before_the_lease_ends(world: World) -> None:
    """Posted on Thursday for four days: of eight working hours before Monday at noon, five are on Friday."""
    unit = await world.unit(await posted(world, dutch("2026-03-05 12:00"), 96))
    await at(world, dutch("2026-03-06 12:00") - MOMENT)
    assert await told(world) == []
    await at(world, dutch("2026-03-06 12:00"))
    await at(world, dutch("2026-03-06 12:01"))
    [row] = await world.rows("notifications", OF_LEASES)
    assert (row.kind, row.subject, row.dataref) == ("lease-ending", unit["vacancy_id"], "/shelters/v1/units")
    assert row.recipient == unit["organisation"]
    await at(world, dutch("2026-03-09 13:00"))
    assert await told(world) == ["lease-ending", "lease-settled"]


async def test_who_affirms_hears_that_it_is_settled_and_is_told_of_the_next_lease(world: World) -> None:
    """Each lease for itself: the next one ends on a Saturday, and the eight hours before that are Friday's."""
    unit_id = await posted(world, dutch("2026-03-02 12:00"), 72)
    await at(world, dutch("2026-03-04 13:00"))
    assert await told(world) == ["lease-ending"]
    await world.affirm_bed(unit_id, 48 * HOUR)
    await world.settle()
    assert await told(world) == ["lease-ending", "lease-settled"]
    await at(world, dutch("2026-03-05 12:00"))
    await world.affirm_bed(unit_id, 48 * HOUR)
    await at(world, dutch("2026-03-06 09:00") - MOMENT)
    assert await told(world) == ["lease-ending", "lease-settled"]
    await at(world, dutch("2026-03-06 09:00"))
    assert await told(world) == ["lease-ending", "lease-settled", "lease-ending"]


async def test_a_lease_that_is_short_on_purpose_is_not_told_of(world: World) -> None:
    """Its moment was before it began; nor are the others kept from being told by it."""
    await posted(world, dutch("2026-03-02 12:00"), 2)
    await posted(world, dutch("2026-03-02 12:00"), 24)
    await at(world, dutch("2026-03-02 12:30"))
    assert await told(world) == []


async def test_a_reserved_unit_is_not_told_of(world: World) -> None:
    """A yes settles what was said; and while it stands, nothing is asked of the provider."""
    await posted(world, dutch("2026-03-02 12:00"), 72)
    await at(world, dutch("2026-03-04 13:00"))
    await world.join(waitlist="omm")
    await world.settle()
    [offer] = await world.offers("made")
    assert await told(world) == ["lease-ending"]
    await world.accept(offer["id"])
    await world.settle()
    assert await told(world) == ["lease-ending", "lease-settled"]


async def test_affirming_and_telling_at_once_leave_no_warning_that_stands(world: World) -> None:
    """Whichever is first: whoever affirmed has either heard nothing, or that it is settled."""
    unit_id = await posted(world, dutch("2026-03-02 12:00"), 72)
    service = world.services["shelters"]
    world.clock.now = dutch("2026-03-04 12:00") + MOMENT
    [timer] = [timer for timer in service.parts.timers if timer.name == "lease-warnings"]

    await asyncio.gather(timer.work(), world.affirm_bed(unit_id, 96 * HOUR), timer.work())
    await world.settle()
    assert await told(world) in ([], ["lease-ending", "lease-settled"])
    [row] = await world.rows("shelters", select(units.c.lease_words))
    assert row.lease_words % 2 == 0


@pytest.mark.parametrize("end", ["withdraw", "lapse"])
async def test_a_warning_does_not_outlive_its_vacancy(world: World, end: str) -> None:
    """However that ends."""
    unit_id = await posted(world, dutch("2026-03-02 12:00"), 72)
    await at(world, dutch("2026-03-04 13:00"))
    if end == "withdraw":
        await world.withdraw_bed(unit_id)
    else:
        await at(world, dutch("2026-03-05 12:01"))
    await world.settle()
    assert await told(world) == ["lease-ending", "lease-settled"]
