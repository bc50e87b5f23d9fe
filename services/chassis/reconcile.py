"""After a broker has lost what it had confirmed: say again what was said, for whoever did not hear it."""

from datetime import timedelta

from sqlalchemy import Table, update

from services.chassis.unit_of_work import UnitOfWork


async def say_again(unit: UnitOfWork, outbox: Table, period: timedelta) -> int:
    """Let the relay publish again what was recorded in this period until now; gives how many messages that is.

    Also what is not marked as sent yet: the broker may have confirmed it and lost it since, and without its claim no
    relay marks it any more. Whoever has heard one remembers it in the inbox, which forgets no sooner than the outbox,
    and does nothing.
    """
    again = update(outbox).where(outbox.c.created_at > unit.now - period)
    return len(await unit.execute(again.values(sent_at=None, claimed_until=None).returning(outbox.c.id)))
