"""The installation's keys, in a file that is not in the database: the one in use first, and older ones behind it.

While one is turned over, the file has two. It is read again whenever it was changed, so that services go on meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.chassis import encryption, key_file
from services.chassis.encryption import UnusableKey, make_key_file, read_keys

SETTING = "DOORSTROOM_REGISTRY_KEY_FILE"


@dataclass(frozen=True, slots=True)
class Key:
    """One key, and a name for it that gives nothing of it away."""

    cipher: AESGCM
    name: str

    @classmethod
    def of(cls, content: bytes) -> "Key":
        """The key with these bytes."""
        return cls(AESGCM(content), sha256(b"doorstroom installation key\0" + content).hexdigest()[:32])


class Keyring:
    """The keys in a file, as they are now."""

    def __init__(self, file: Path, *, make: bool) -> None:
        """With `make`, a file that is not there is made, readable for its owner only."""
        self._file = file
        self._make = make
        self._seen: tuple[int, int, int] | None = None
        self._keys: tuple[Key, ...] = ()

    def keys(self) -> Sequence[Key]:
        """All of them, the one in use first. Raises UnusableKey."""
        seen = key_file.state(self._file)
        if not self._keys and seen is None and self._make:
            make_key_file(self._file, SETTING)
            seen = key_file.state(self._file)
        # A file that is taken away while it is in use was meant to come back.
        if not self._keys or (seen is not None and seen != self._seen):
            # What is written between the two is read the next time.
            self._keys, self._seen = tuple(map(Key.of, read_keys(self._file, SETTING))), seen
        return self._keys

    def named(self, name: str | None) -> Key:
        """The key that the database says is in use; any, when it says none. Raises UnusableKey."""
        for key in self.keys():
            if name in (None, key.name):
                return key
        raise UnusableKey("The key file lacks the key in use: it was turned over. Give this machine the present file.")

    def open(self, case_id: UUID, field: str, ciphertext: bytes) -> bytes:
        """Decrypt with whichever key it was encrypted with. Raises UnusableKey."""
        return encryption.unseal([key.cipher for key in self.keys()], _bound_to(case_id, field), ciphertext)


def seal(key: AESGCM, case_id: UUID, field: str, content: bytes) -> bytes:
    """Encrypt, bound to a case and a field."""
    return encryption.seal(key, _bound_to(case_id, field), content)


def unseal(key: AESGCM, case_id: UUID, field: str, ciphertext: bytes) -> bytes:
    """Decrypt what was bound to them. Raises UnusableKey."""
    return encryption.unseal([key], _bound_to(case_id, field), ciphertext)


def _bound_to(case_id: UUID, field: str) -> str:
    return f"{case_id}/{field}"
