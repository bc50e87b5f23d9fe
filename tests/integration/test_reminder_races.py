"""A decision and a reminder of the same offer in one moment, on PostgreSQL: either comes first, and the other knows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from schemas.messages.offers import Household, OfferAccepted, OfferMade
from schemas.vocabulary import ListKind
from services.chassis.database import Database
from services.notifications import checks
from services.notifications.handlers.news import Notifiable
from services.notifications.tables import notifications, reminders
from tests.support.templates import postgresql_copy
from tests.support.world import World

OFFERS, SESSIONS = 100, 16
HOUSEHOLD = Household(adults=1, children=0)


@pytest.fixture
async def world(postgres_url: str, postgresql_template: dict[str, str]) -> AsyncIterator[World]:
    """The services with a session for each who acts at once."""
    async with AsyncExitStack() as stack:
        urls = await stack.enter_async_context(postgresql_copy(postgres_url, postgresql_template))
        built = World(urls, connect=lambda url, _size, owner_url: Database.connect(url, SESSIONS, owner_url))
        stack.push_async_callback(built.close)
        yield built


def common(offer_id: UUID, version: int) -> dict[str, object]:
    return {
        "offer_id": offer_id,
        "vacancy_id": offer_id,
        "version": version,
        "list_kind": ListKind.SHELTER,
        "recipient": f"organisation-{offer_id.int % 3}",
    }


async def test_no_reminder_follows_a_decision_whichever_is_first(world: World) -> None:
    """A hundred offers whose reminder is due, decided while three replicas remind of them."""
    service = world.services["notifications"]

    async def hear(event: Notifiable) -> None:
        handler = service.parts.handlers[type(event)]
        await service.transactions.run(lambda unit: handler(unit, [event]))

    offers = [uuid4() for _ in range(OFFERS)]
    now = world.clock()
    for offer_id in offers:
        deadline_at = now.replace(day=now.day + 6)
        await hear(OfferMade(**common(offer_id, 1), household=HOUSEHOLD, deadline_at=deadline_at, made_at=now))
    world.clock.forward(days=2)
    [timer] = [timer for timer in service.parts.timers if timer.name == "reminders"]
    answers = [
        hear(OfferAccepted(**common(offer_id, 2), household=HOUSEHOLD, accepted_at=world.clock()))
        for offer_id in offers
    ]
    await asyncio.gather(*answers[::2], timer.work(), timer.work(), timer.work(), *answers[1::2])
    assert await world.rows("notifications", select(reminders.c.id)) == []
    assert await service.transactions.read(checks.findings) == []
    kinds = [row.kind for row in await world.rows("notifications", select(notifications.c.kind))]
    assert kinds.count("offer-accepted") == OFFERS
    # Each was reminded of at most once, although three looked at once.
    assert kinds.count("offer-unanswered") <= OFFERS
