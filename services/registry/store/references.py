"""How organisations know what is stored about people: each by references of its own (ADR 38).

A reference is the id itself (a UUIDv7), enciphered with a key of the organisation's: AES-256 on the one block that an
id is, again and again until the outcome is a UUID of the kind for own uses (version 8 of RFC 9562). So it is always the
same for the same organisation, another for every other, and found without looking anything up; what belongs to another
organisation deciphers to an id that nobody has. The keys follow from one in the database (HKDF, RFC 5869), which is as
old as its column.
"""

from functools import lru_cache
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from sqlalchemy import select

from services.chassis.unit_of_work import UnitOfWork
from services.registry.tables import installation

KEY_BYTES = 32
ORGANISATIONS_AT_ONCE = 1024
NOBODY = UUID(int=0)
"""What a reference that was never given stands for: no id is like that, so nothing is found."""
_ID, _REFERENCE, _VARIANT = 7, 8, 0b10
_KEY = select(installation.c.reference_key)


class References:
    """The references of every organisation. The key is read at the first use."""

    def __init__(self) -> None:
        self._key: bytes | None = None

    async def of(self, unit: UnitOfWork, organisation: str) -> "OwnReferences":
        """By which references this organisation knows what is stored."""
        if self._key is None:
            self._key = bytes((await unit.execute(_KEY)).one().reference_key)
        return _own(self._key, organisation)


class OwnReferences:
    """The references of one organisation."""

    def __init__(self, key: bytes) -> None:
        # One block for each id, which are all different: nothing is gained by a mode that chains them.
        cipher = Cipher(AES256(key), ECB())  # noqa: S305 - as above
        self._encipher, self._decipher = cipher.encryptor(), cipher.decryptor()

    def to(self, id_: UUID) -> UUID:
        """The reference to this id."""
        return _walk(self._encipher, _of_version(id_, _REFERENCE))

    def meant_by(self, reference: UUID) -> UUID:
        """The id that this reference is to; for what is none of this organisation's, one that nobody has."""
        if reference.version != _REFERENCE:
            return NOBODY
        return _of_version(_walk(self._decipher, reference), _ID)


def _walk(cipher: CipherContext, from_: UUID) -> UUID:
    """The next block on its way that is a reference: 64 steps on average, and back as many ("cycle walking")."""
    block = from_.bytes
    while True:
        block = cipher.update(block)
        if block[6] >> 4 == _REFERENCE and block[8] >> 6 == _VARIANT:
            return UUID(bytes=block)


def _of_version(id_: UUID, version: int) -> UUID:
    return UUID(int=id_.int & ~(0xF << 76) | version << 76)


@lru_cache(ORGANISATIONS_AT_ONCE)
def _own(key: bytes, organisation: str) -> OwnReferences:
    derived = HKDFExpand(SHA256(), KEY_BYTES, info=f"references of {organisation}".encode()).derive(key)
    return OwnReferences(derived)
