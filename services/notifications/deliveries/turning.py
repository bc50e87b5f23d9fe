"""The key of the subscriptions is turned over: what it encrypts is encrypted with a new one, in small transactions."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update

from services.chassis.database import one_of
from services.chassis.unit_of_work import UnitOfWork
from services.notifications.deliveries.seals import Seals, address_of, secret_of
from services.notifications.tables import secrets, subscriptions

BATCH = 200


async def seal_again(seals: Seals, after: UUID, unit: UnitOfWork) -> tuple[UUID | None, int]:
    """Encrypt with the newest key what belongs to a portion of the subscriptions, those after this one.

    Gives the last of the portion, or None behind the last; and how many texts there were to encrypt. Raises UnusableKey
    when one can be opened with no key of the file.
    """
    portion = select(subscriptions.c.id, subscriptions.c.sealed_address).where(subscriptions.c.id > after)
    rows = await unit.execute(portion.order_by(subscriptions.c.id).limit(BATCH).with_for_update())
    changed = 0
    for row in rows:
        sealed = row.sealed_address and seals.again(row.sealed_address, address_of(row.id))
        if sealed:
            change = update(subscriptions).where(subscriptions.c.id == row.id).values(sealed_address=sealed)
            await unit.execute(change)
            changed += 1
    changed += await _secrets_again(seals, [row.id for row in rows], unit)
    return (rows[-1].id if len(rows) == BATCH else None), changed


async def _secrets_again(seals: Seals, ids: Sequence[UUID], unit: UnitOfWork) -> int:
    changed = 0
    of_these = select(secrets).where(one_of(secrets.c.subscription_id, "ids")).order_by(secrets.c.id)
    for row in await unit.execute(of_these.with_for_update(), {"ids": ids}):
        sealed = seals.again(row.sealed, secret_of(row.subscription_id, row.id))
        if sealed is not None:
            await unit.execute(update(secrets).where(secrets.c.id == row.id).values(sealed=sealed))
            changed += 1
    return changed
