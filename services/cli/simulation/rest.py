"""What time alone should have done by the time that everything is at rest."""

from functools import partial

from sqlalchemy import select

from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.registry.domain.model import LIVE_ENTRY_STATES, OfferState
from services.registry.tables import entries, offers


async def overdue(registry: Transactions) -> list[str]:
    """What time alone should have done to places in line, a few seconds ago."""
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
    return found
