"""The installation's keys, in a file that is not in the database: the one in use first, and older ones behind it.

While one is turned over, the file has two. It is read again whenever it was changed, so that services go on meanwhile.
"""

import os
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.chassis import key_file
from services.chassis.errors import DoorstroomError

KEY_BYTES = 32
NONCE_BYTES = 12
"""Chosen at random for each encryption: one key encrypts far fewer than 2^32 texts (NIST SP 800-38D, 8.3)."""


class UnusableKey(DoorstroomError):
    """The installation's key is missing or wrong, so nothing personal can be read or written."""

    type = "unusable-key"
    title = "Personal data cannot be read or written at the moment"


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
            make_key_file(self._file)
            seen = key_file.state(self._file)
        # A file that is taken away while it is in use was meant to come back.
        if not self._keys or (seen is not None and seen != self._seen):
            # What is written between the two is read the next time.
            self._keys, self._seen = tuple(map(Key.of, read_keys(self._file))), seen
        return self._keys

    def named(self, name: str | None) -> Key:
        """The key that the database says is in use; any, when it says none. Raises UnusableKey."""
        for key in self.keys():
            if name in (None, key.name):
                return key
        raise UnusableKey("The key file lacks the key in use: it was turned over. Give this machine the present file.")

    def open(self, case_id: UUID, field: str, ciphertext: bytes) -> bytes:
        """Decrypt with whichever key it was encrypted with. Raises UnusableKey."""
        for key in self.keys():
            try:
                return unseal(key.cipher, case_id, field, ciphertext)
            except UnusableKey:
                continue
        raise UnusableKey("What is stored was encrypted with another key, or was altered.")


def seal(key: AESGCM, case_id: UUID, field: str, content: bytes) -> bytes:
    """Encrypt, bound to a case and a field."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + key.encrypt(nonce, content, _bound_to(case_id, field))


def unseal(key: AESGCM, case_id: UUID, field: str, ciphertext: bytes) -> bytes:
    """Decrypt what was bound to them. Raises UnusableKey."""
    try:
        return key.decrypt(ciphertext[:NONCE_BYTES], ciphertext[NONCE_BYTES:], _bound_to(case_id, field))
    except InvalidTag:
        raise UnusableKey("What is stored was encrypted with another key, or was altered.") from None


def _bound_to(case_id: UUID, field: str) -> bytes:
    return f"{case_id}/{field}".encode()


def make_key_file(path: Path) -> None:
    """Make a file with one new key, unless it is there. Raises UnusableKey when it cannot be made."""
    try:
        key_file.make(path, new_line())
    except OSError as error:
        raise UnusableKey(f"The file of DOORSTROOM_REGISTRY_KEY_FILE cannot be made: {error.strerror}.") from None


def new_line() -> bytes:
    """A new key, as it stands in the file."""
    return b64encode(os.urandom(KEY_BYTES))


def read_keys(path: Path) -> list[bytes]:
    """The keys in this file. Raises UnusableKey."""
    try:
        keys = [b64decode(line, validate=True) for line in key_file.read(path)]
    except OSError as error:
        raise UnusableKey(f"The file of DOORSTROOM_REGISTRY_KEY_FILE cannot be read: {error.strerror}.") from None
    except ValueError:
        keys = []
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise UnusableKey(f"The file of DOORSTROOM_REGISTRY_KEY_FILE must hold {KEY_BYTES} bytes in base64.")
    return keys
