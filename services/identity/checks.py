"""What must never be false in the token endpoint's database, as questions that find what breaks it.

A client's id is a system's, which is no person's; it is named so that somebody can look.
"""

from sqlalchemy import func, select

from schemas.access import Role
from services.chassis.checks import broken, questions
from services.chassis.unit_of_work import UnitOfWork
from services.identity.tables import client_keys, clients, signing_keys

_earlier = signing_keys.alias("earlier")
_first, _last = func.min(signing_keys.c.number), func.max(signing_keys.c.number)
_LASTING = (
    select(func.count())
    .where(client_keys.c.client_id == clients.c.id, client_keys.c.ends_at.is_(None))
    .correlate(clients)
    .scalar_subquery()
)

BROKEN = questions(
    {
        "client that was revoked and has a key": (
            select(client_keys.c.client_id)
            .distinct()
            .join(clients, clients.c.id == client_keys.c.client_id)
            .where(clients.c.revoked_at.is_not(None))
            .order_by(client_keys.c.client_id)
        ),
        # The newest one lasts; those before it end when it comes.
        "client without exactly one key that lasts": (
            select(clients.c.id).where(clients.c.revoked_at.is_(None), _LASTING != 1).order_by(clients.c.id)
        ),
        "client with a role that there is none of": (
            select(clients.c.id).where(clients.c.role.not_in([role.value for role in Role])).order_by(clients.c.id)
        ),
        "signing key that signs no later than the one before it": (
            select(signing_keys.c.number)
            .join(_earlier, _earlier.c.number == signing_keys.c.number - 1)
            .where(signing_keys.c.signs_from <= _earlier.c.signs_from)
            .order_by(signing_keys.c.number)
        ),
        "signing keys with a gap in their numbers, before": select(_last).having(func.count() != _last - _first + 1),
    }
)


async def findings(unit: UnitOfWork) -> list[str]:
    """Everything that is wrong, at most 100 of a kind: what, and the client's id or the signing key's number."""
    return await broken(unit, BROKEN)
