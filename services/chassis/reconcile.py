"""After a broker has lost what it had confirmed: say again what was said, for whoever did not hear it."""

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache

from sqlalchemy import ColumnElement, Executable, Table, Text, bindparam, select, update

from services.chassis.broker.topology import matches
from services.chassis.database import UtcDateTime, list_parameters, listed
from services.chassis.unit_of_work import UnitOfWork


async def say_again(unit: UnitOfWork, outbox: Table, period: timedelta, wanted: Sequence[str] = ("#",)) -> int:
    """Let the relay publish again what was recorded in this period until now; gives how many messages that is.

    `wanted`: topic patterns; what matches none of them is left.

    Also what is not marked as sent yet: the broker may have confirmed it and lost it since, and without its claim no
    relay marks it any more. Whoever has heard one remembers it in the inbox, which forgets no sooner than the outbox,
    and does nothing.
    """
    since = {"since": unit.now - period}
    keys = [row.routing_key for row in await unit.execute(_keys(outbox), since)]
    chosen = [key for key in keys if any(matches(pattern, key) for pattern in wanted)]
    if not chosen:
        return 0
    dialect = unit.connection.dialect.name
    which = list_parameters(dialect, ["key"], [(key,) for key in chosen])
    return len(await unit.execute(_again(dialect, outbox), since | which))


def _said(outbox: Table) -> ColumnElement[bool]:
    return outbox.c.created_at > bindparam("since", type_=UtcDateTime)


@lru_cache(maxsize=16)
def _keys(outbox: Table) -> Executable:
    return select(outbox.c.routing_key).where(_said(outbox)).distinct()


@lru_cache(maxsize=32)
def _again(dialect: str, outbox: Table) -> Executable:
    chosen = outbox.c.routing_key.in_(select(listed(dialect, {"key": Text()}).c.key))
    again = update(outbox).where(_said(outbox), chosen)
    return again.values(sent_at=None, claimed_until=None).returning(outbox.c.id)
