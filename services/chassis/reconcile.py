"""After a broker has lost what it had confirmed: say again what was said, for whoever did not hear it."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Table, select, update

from services.chassis.broker.topology import matches
from services.chassis.unit_of_work import UnitOfWork


async def say_again(unit: UnitOfWork, outbox: Table, period: timedelta, wanted: Sequence[str] = ("#",)) -> int:
    """Let the relay publish again what was recorded in this period until now; gives how many messages that is.

    `wanted`: topic patterns; what matches none of them is left.

    Also what is not marked as sent yet: the broker may have confirmed it and lost it since, and without its claim no
    relay marks it any more. Whoever has heard one remembers it in the inbox, which forgets no sooner than the outbox,
    and does nothing.
    """
    said = outbox.c.created_at > unit.now - period
    keys = [row.routing_key for row in await unit.execute(select(outbox.c.routing_key).where(said).distinct())]
    chosen = [key for key in keys if any(matches(pattern, key) for pattern in wanted)]
    again = update(outbox).where(said, outbox.c.routing_key.in_(chosen))
    return len(await unit.execute(again.values(sent_at=None, claimed_until=None).returning(outbox.c.id)))
