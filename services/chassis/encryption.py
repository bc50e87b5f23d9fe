"""AES-256-GCM with keys from a file: what is encrypted is bound to where it stands, and of no use elsewhere."""

import os
from base64 import b64decode, b64encode
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.chassis import key_file
from services.chassis.errors import DoorstroomError

KEY_BYTES = 32
NONCE_BYTES = 12
"""Chosen at random for each encryption: one key encrypts far fewer than 2^32 texts (NIST SP 800-38D, 8.3)."""


class UnusableKey(DoorstroomError):
    """The key is missing or wrong, so nothing that is encrypted can be read or written."""

    type = "unusable-key"
    title = "What is stored encrypted cannot be read or written at the moment"


def new_line() -> bytes:
    """A new key, as it stands in the file."""
    return b64encode(os.urandom(KEY_BYTES))


def make_key_file(path: Path, setting: str) -> None:
    """Make a file with one new key, unless it is there. Raises UnusableKey, naming the setting, when it cannot be."""
    try:
        key_file.make(path, new_line())
    except OSError as error:
        raise UnusableKey(f"The file of {setting} cannot be made: {error.strerror}.") from None


def read_keys(path: Path, setting: str) -> list[bytes]:
    """The keys in this file, the one in use first. Raises UnusableKey, naming the setting."""
    try:
        keys = [b64decode(line, validate=True) for line in key_file.read(path)]
    except OSError as error:
        raise UnusableKey(f"The file of {setting} cannot be read: {error.strerror}.") from None
    except ValueError:
        keys = []
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise UnusableKey(f"The file of {setting} must hold {KEY_BYTES} bytes in base64.")
    return keys


def seal(key: AESGCM, bound_to: str, content: bytes) -> bytes:
    """Encrypt, bound to what it is of."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + key.encrypt(nonce, content, bound_to.encode())


def unseal(keys: Iterable[AESGCM], bound_to: str, sealed: bytes) -> bytes:
    """Decrypt, with whichever of these keys it was encrypted with, what was bound to this. Raises UnusableKey."""
    for key in keys:
        try:
            return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to.encode())
        except InvalidTag:
            continue
    raise UnusableKey("What is stored was encrypted with another key, or was altered.")
