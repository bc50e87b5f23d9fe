"""Personal data, encrypted with a key of the case's own: without that key, what is stored says nothing.

AES-256-GCM throughout. The key of a case is stored encrypted with the key of the installation, which is in a file and
never in the database. Every ciphertext is bound to its case and field, so it cannot be moved to another.
"""

import os
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from sqlalchemy import delete, insert, select, update

from services.chassis.database import Row
from services.chassis.encryption import KEY_BYTES
from services.chassis.unit_of_work import UnitOfWork
from services.registry.store.erasures import FILE as ERASURES_FILE
from services.registry.store.erasures import Erasures
from services.registry.store.keyring import Keyring, seal, unseal
from services.registry.tables import case_keys, exclusion_reasons, installation, personal_data

KEY_FILE = "registry.key"
"""What the file with the installation's key is called where it is made."""
NOBODY = UUID(int=0)
"""Stands for the case where there is none."""
ERASED_AT_ONCE = 500
SUBJECTS = "subjects"
"""What the processing log's key is for."""


_SUBJECTS_KEY = select(installation.c.subjects_key)


class Subjects:
    """Names cases as the processing log does: encrypted, and always the same.

    AES-SIV (RFC 5297): deterministic by intention, so that the entries of one case can be found.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESSIV(key)

    def of(self, case_id: UUID) -> str:
        """The name of this case."""
        return b64encode(self._cipher.encrypt(case_id.bytes, [SUBJECTS.encode()])).decode()


class Vault:
    """Seals and opens what is personal. The installation's key is read from its file at the first use."""

    def __init__(self, key_file: Path, *, make: bool, erasures_file: Path | None = None) -> None:
        """With `make`, a key file that is not there is made, readable for its owner only.

        What was erased is noted in `erasures_file`; without one, in a file beside the key.
        """
        self.ring = Keyring(key_file, make=make)
        self.erasures = Erasures(erasures_file or key_file.with_name(ERASURES_FILE))

    def check(self) -> None:
        """Raises UnusableKey when the key file cannot be used."""
        self.ring.keys()

    async def store(self, unit: UnitOfWork, case_id: UUID, fields: Mapping[str, bytes]) -> None:
        """Replace everything personal of a case. Raises UnusableKey."""
        key = await self._key_of(unit, case_id)
        await unit.execute(delete(personal_data).where(personal_data.c.case_id == case_id))
        for field, content in fields.items():
            row = {"case_id": case_id, "field": field, "stored_at": unit.now}
            await unit.execute(insert(personal_data).values(row | {"ciphertext": seal(key, case_id, field, content)}))

    async def read(self, unit: UnitOfWork, case_id: UUID) -> dict[str, bytes]:
        """Everything personal of a case, by field. Raises UnusableKey."""
        query = select(personal_data.c.field, personal_data.c.ciphertext).where(personal_data.c.case_id == case_id)
        rows = await unit.execute(query.order_by(personal_data.c.field))
        key = await self._existing_key(unit, case_id) if rows else None
        return {} if key is None else {row.field: unseal(key, case_id, row.field, row.ciphertext) for row in rows}

    async def store_reason(self, unit: UnitOfWork, case_id: UUID, exclusion_id: UUID, content: bytes) -> None:
        """Keep who set a rule and why, apart from the rule. Raises UnusableKey."""
        ciphertext = seal(await self._key_of(unit, case_id), case_id, f"exclusion:{exclusion_id}", content)
        row = {"exclusion_id": exclusion_id, "case_id": case_id, "ciphertext": ciphertext}
        await unit.execute(insert(exclusion_reasons).values(row))

    async def read_reason(self, unit: UnitOfWork, case_id: UUID, exclusion_id: UUID) -> bytes | None:
        """Who set a rule and why; None when that was erased. Raises UnusableKey."""
        mine = (exclusion_reasons.c.exclusion_id == exclusion_id, exclusion_reasons.c.case_id == case_id)
        row = (await unit.execute(select(exclusion_reasons.c.ciphertext).where(*mine))).one_or_none()
        key = await self._existing_key(unit, case_id) if row else None
        if row is None or key is None:
            return None
        return unseal(key, case_id, f"exclusion:{exclusion_id}", row.ciphertext)

    async def erase(self, unit: UnitOfWork, case_id: UUID) -> bool:
        """Destroy the key of a case, and with it everything personal, in every copy. Says whether there was one.

        It is noted apart from the database, so that it is done again when an older one is put back. Raises Unavailable
        when it cannot be noted; then nothing is erased.
        """
        erased = await _erase(unit, case_id)
        self.erasures.note(case_id, unit.now)
        return erased

    async def erase_again(self, unit: UnitOfWork) -> int:
        """Erase what was erased before and is there nevertheless; how many cases. Raises Unavailable.

        What was told of a case after it was erased is left alone.
        """
        noted, count = self.erasures.all(), 0
        every = list(noted)
        for start in range(0, len(every), ERASED_AT_ONCE):
            case_ids = every[start : start + ERASED_AT_ONCE]
            query = select(case_keys.c.case_id, case_keys.c.made_at).where(case_keys.c.case_id.in_(case_ids))
            for row in await unit.execute(query):
                if row.made_at <= noted[row.case_id]:
                    count += await _erase(unit, row.case_id)
        return count

    async def subjects(self, unit: UnitOfWork) -> Subjects:
        """How the processing log names cases; its key is made when it is first needed. Raises UnusableKey."""
        wrapped = (await unit.execute(_SUBJECTS_KEY)).one().subjects_key
        if wrapped is not None:
            return Subjects(self.ring.open(NOBODY, SUBJECTS, wrapped))
        state = await hold_installation(unit)
        if state.subjects_key is not None:
            return Subjects(self.ring.open(NOBODY, SUBJECTS, state.subjects_key))
        key = os.urandom(2 * KEY_BYTES)
        wrapped = seal(self.ring.named(state.key_name).cipher, NOBODY, SUBJECTS, key)
        await unit.execute(update(installation).values(subjects_key=wrapped))
        return Subjects(key)

    async def _key_of(self, unit: UnitOfWork, case_id: UUID) -> AESGCM:
        """The key of a case, made now if it has none. The caller holds the case's row."""
        known = await self._existing_key(unit, case_id)
        if known is not None:
            return known
        # Held until the end, so that nothing is encrypted with a key that was turned over meanwhile.
        name = (await unit.execute(select(installation.c.key_name).with_for_update(read=True))).one().key_name
        key = AESGCM.generate_key(bit_length=8 * KEY_BYTES)
        wrapped = seal(self.ring.named(name).cipher, case_id, "key", key)
        await unit.execute(insert(case_keys).values(case_id=case_id, wrapped_key=wrapped, made_at=unit.now))
        return AESGCM(key)

    async def _existing_key(self, unit: UnitOfWork, case_id: UUID) -> AESGCM | None:
        query = select(case_keys.c.wrapped_key).where(case_keys.c.case_id == case_id)
        row = (await unit.execute(query)).one_or_none()
        return None if row is None else AESGCM(self.ring.open(case_id, "key", row.wrapped_key))


async def hold_installation(unit: UnitOfWork) -> Row:
    """What the database knows of the installation's keys, held until the transaction ends."""
    return (await unit.execute(select(installation).with_for_update())).one()


async def _erase(unit: UnitOfWork, case_id: UUID) -> bool:
    gone = await unit.execute(delete(case_keys).where(case_keys.c.case_id == case_id).returning(case_keys.c.case_id))
    await unit.execute(delete(personal_data).where(personal_data.c.case_id == case_id))
    await unit.execute(delete(exclusion_reasons).where(exclusion_reasons.c.case_id == case_id))
    return bool(gone)
