"""The installation's key is turned over: what it encrypts is encrypted with a new one, in small transactions."""

from uuid import UUID

from sqlalchemy import select, update

from services.chassis.encryption import UnusableKey
from services.chassis.unit_of_work import UnitOfWork
from services.registry.store.keyring import Keyring, seal, unseal
from services.registry.store.vault import NOBODY, SUBJECTS, hold_installation
from services.registry.tables import case_keys, installation

BATCH = 500


async def use_newest(ring: Keyring, unit: UnitOfWork) -> None:
    """From the end of this transaction on, nothing is encrypted with any other key. Raises UnusableKey.

    It waits for whoever is encrypting with the one before.
    """
    state = await hold_installation(unit)
    newest = ring.keys()[0]
    changes: dict[str, object] = {"key_name": newest.name}
    if state.subjects_key is not None:
        key = ring.open(NOBODY, SUBJECTS, state.subjects_key)
        changes["subjects_key"] = seal(newest.cipher, NOBODY, SUBJECTS, key)
    await unit.execute(update(installation).values(changes))


async def wrap_again(ring: Keyring, after: UUID, unit: UnitOfWork) -> tuple[UUID | None, int]:
    """Encrypt a portion of the cases' keys with the newest key, those after this case.

    Gives the last case of the portion, or None behind the last; and how many there were to encrypt. Raises UnusableKey
    when one can be opened with no key of the file.
    """
    portion = select(case_keys).where(case_keys.c.case_id > after).order_by(case_keys.c.case_id).limit(BATCH)
    rows = await unit.execute(portion.with_for_update())
    newest, changed = ring.keys()[0], 0
    for row in rows:
        try:
            unseal(newest.cipher, row.case_id, "key", row.wrapped_key)
        except UnusableKey:
            wrapped = seal(newest.cipher, row.case_id, "key", ring.open(row.case_id, "key", row.wrapped_key))
            await unit.execute(update(case_keys).where(case_keys.c.case_id == row.case_id).values(wrapped_key=wrapped))
            changed += 1
    return (rows[-1].case_id if len(rows) == BATCH else None), changed
