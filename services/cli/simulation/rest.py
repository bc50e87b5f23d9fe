"""What time alone should have done by the time that everything is at rest."""

from datetime import timedelta
from functools import partial

from sqlalchemy import select

from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.notifications.tables import reminders
from services.registry.domain.model import LIVE_ENTRY_STATES, OfferState
from services.registry.tables import entries, offers

LATENESS = timedelta(seconds=10)
"""A service that could not hear waits a few seconds before it reminds of anything."""


async def overdue(registry: Transactions, notifications: Transactions) -> list[str]:
    """What time alone should have done a few seconds ago: to places in line, and about offers that nobody answers."""
    accepted = select(offers.c.id).where(offers.c.case_id == entries.c.case_id, offers.c.state == OfferState.ACCEPTED)
    live = entries.c.state.in_(LIVE_ENTRY_STATES)
    overdue = {
        "released, though nothing is accepted": live & entries.c.released & ~accepted.exists(),
        "in line, though the right has ended": live
        & (entries.c.eligible_until <= registry.clock())
        & ~accepted.exists(),
    }
    found = []
    for what, condition in overdue.items():
        query = select(entries.c.id).where(condition).order_by(entries.c.id)
        found += [
            f"entry {row.id}: {what}" for row in await registry.read(partial(UnitOfWork.execute, statement=query))
        ]
    late = select(reminders.c.id).where(reminders.c.due_at <= notifications.clock() - LATENESS).order_by(reminders.c.id)
    rows = await notifications.read(partial(UnitOfWork.execute, statement=late))
    return found + [f"offer {row.id}: nobody was reminded of it" for row in rows]
