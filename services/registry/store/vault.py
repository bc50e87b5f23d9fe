"""Personal data, encrypted with a key of the case's own: without that key, what is stored says nothing.

AES-256-GCM throughout. The key of a case is stored encrypted with the key of the installation, which is in a file and
never in the database. Every ciphertext is bound to its case and field, so it cannot be moved to another.
"""

import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, insert, select

from services.chassis.errors import DoorstroomError
from services.chassis.unit_of_work import UnitOfWork
from services.registry.tables import case_keys, exclusion_reasons, personal_data

KEY_FILE = "registry.key"
"""What the installation's key is called where it is made."""
KEY_BYTES = 32
_SUBJECTS = b"doorstroom processing log: subjects"
NONCE_BYTES = 12
"""Chosen at random for each encryption: a key of a case encrypts far fewer than 2^32 texts (NIST SP 800-38D, 8.3)."""


class UnusableKey(DoorstroomError):
    """The installation's key is missing or wrong, so nothing personal can be read or written."""

    type = "unusable-key"
    title = "Personal data cannot be read or written at the moment"


class Vault:
    """Seals and opens what is personal. The installation's key is read from its file at the first use."""

    def __init__(self, key_file: Path, *, make: bool) -> None:
        """With `make`, a key file that is not there is made, readable for its owner only."""
        self._key_file = key_file
        self._make = make
        self._installation: AESGCM | None = None
        self._subjects: AESSIV | None = None

    def check(self) -> None:
        """Raises UnusableKey when the key file cannot be used."""
        if self._installation is None:
            key = _make(self._key_file) if self._make else _load(self._key_file)
            self._installation = AESGCM(key)
            self._subjects = AESSIV(HKDF(SHA512(), 2 * KEY_BYTES, salt=None, info=_SUBJECTS).derive(key))

    async def store(self, unit: UnitOfWork, case_id: UUID, fields: Mapping[str, bytes]) -> None:
        """Replace everything personal of a case. Raises UnusableKey."""
        key = await self._key_of(unit, case_id)
        await unit.execute(delete(personal_data).where(personal_data.c.case_id == case_id))
        for field, content in fields.items():
            row = {"case_id": case_id, "field": field, "stored_at": unit.now}
            await unit.execute(insert(personal_data).values(row | {"ciphertext": _seal(key, case_id, field, content)}))

    async def read(self, unit: UnitOfWork, case_id: UUID) -> dict[str, bytes]:
        """Everything personal of a case, by field. Raises UnusableKey."""
        query = select(personal_data.c.field, personal_data.c.ciphertext).where(personal_data.c.case_id == case_id)
        rows = await unit.execute(query.order_by(personal_data.c.field))
        key = await self._existing_key(unit, case_id) if rows else None
        return {} if key is None else {row.field: _open(key, case_id, row.field, row.ciphertext) for row in rows}

    async def store_reason(self, unit: UnitOfWork, case_id: UUID, exclusion_id: UUID, content: bytes) -> None:
        """Keep who set a rule and why, apart from the rule. Raises UnusableKey."""
        ciphertext = _seal(await self._key_of(unit, case_id), case_id, f"exclusion:{exclusion_id}", content)
        row = {"exclusion_id": exclusion_id, "case_id": case_id, "ciphertext": ciphertext}
        await unit.execute(insert(exclusion_reasons).values(row))

    async def read_reason(self, unit: UnitOfWork, case_id: UUID, exclusion_id: UUID) -> bytes | None:
        """Who set a rule and why; None when that was erased. Raises UnusableKey."""
        mine = (exclusion_reasons.c.exclusion_id == exclusion_id, exclusion_reasons.c.case_id == case_id)
        row = (await unit.execute(select(exclusion_reasons.c.ciphertext).where(*mine))).one_or_none()
        key = await self._existing_key(unit, case_id) if row else None
        if row is None or key is None:
            return None
        return _open(key, case_id, f"exclusion:{exclusion_id}", row.ciphertext)

    def subject(self, case_id: UUID) -> str:
        """A case as the processing log names it: encrypted, and always the same. Raises UnusableKey.

        AES-SIV (RFC 5297) with a key derived from the installation's: deterministic by intention, so that the entries
        of one case can be found.
        """
        self.check()
        assert self._subjects is not None, "it was just checked"  # noqa: S101 - for the type checker
        return b64encode(self._subjects.encrypt(case_id.bytes, [_SUBJECTS])).decode()

    async def _key_of(self, unit: UnitOfWork, case_id: UUID) -> AESGCM:
        """The key of a case, made now if it has none. The caller holds the case's row."""
        known = await self._existing_key(unit, case_id)
        if known is not None:
            return known
        key = AESGCM.generate_key(bit_length=8 * KEY_BYTES)
        wrapped = _seal(self._key, case_id, "key", key)
        await unit.execute(insert(case_keys).values(case_id=case_id, wrapped_key=wrapped, made_at=unit.now))
        return AESGCM(key)

    async def _existing_key(self, unit: UnitOfWork, case_id: UUID) -> AESGCM | None:
        query = select(case_keys.c.wrapped_key).where(case_keys.c.case_id == case_id)
        row = (await unit.execute(query)).one_or_none()
        return None if row is None else AESGCM(_open(self._key, case_id, "key", row.wrapped_key))

    @property
    def _key(self) -> AESGCM:
        self.check()
        assert self._installation is not None, "it was just checked"  # noqa: S101 - for the type checker
        return self._installation


async def erase(unit: UnitOfWork, case_id: UUID) -> bool:
    """Destroy the key of a case, and with it everything personal, in every copy. Says whether there was one."""
    gone = await unit.execute(delete(case_keys).where(case_keys.c.case_id == case_id).returning(case_keys.c.case_id))
    await unit.execute(delete(personal_data).where(personal_data.c.case_id == case_id))
    await unit.execute(delete(exclusion_reasons).where(exclusion_reasons.c.case_id == case_id))
    return bool(gone)


def _seal(key: AESGCM, case_id: UUID, field: str, content: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + key.encrypt(nonce, content, _bound_to(case_id, field))


def _open(key: AESGCM, case_id: UUID, field: str, ciphertext: bytes) -> bytes:
    try:
        return key.decrypt(ciphertext[:NONCE_BYTES], ciphertext[NONCE_BYTES:], _bound_to(case_id, field))
    except InvalidTag:
        raise UnusableKey("What is stored was encrypted with another key, or was altered.") from None


def _bound_to(case_id: UUID, field: str) -> bytes:
    return f"{case_id}/{field}".encode()


def _make(path: Path) -> bytes:
    """The key in this file; when there is none, a new one. Readable by nobody else from the first moment."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _load(path)
    except OSError as error:
        raise UnusableKey(f"The file of DOORSTROOM_REGISTRY_KEY_FILE cannot be made: {error.strerror}.") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(b64encode(os.urandom(KEY_BYTES)) + b"\n")
    return _load(path)


def make_key_file(path: Path) -> None:
    """Make an installation's key, unless the file is there. Raises UnusableKey when it cannot be used."""
    _make(path)


def _load(path: Path) -> bytes:
    try:
        key = b64decode(path.read_bytes().strip(), validate=True)
    except OSError as error:
        raise UnusableKey(f"The file of DOORSTROOM_REGISTRY_KEY_FILE cannot be read: {error.strerror}.") from None
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise UnusableKey(f"The file of DOORSTROOM_REGISTRY_KEY_FILE must hold {KEY_BYTES} bytes in base64.")
    return key
