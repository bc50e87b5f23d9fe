"""The public keys that tokens may be signed with, and what each may be used for."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, Self

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

ALGORITHMS = ("EdDSA", "ES256", "RS256", "PS256")
RSA_BITS = 2048
FILE_LIMIT_BYTES = 256 * 1024
REVOKED = "revokedClients"
"""The member of a key set in which an issuer names those whose tokens count no more, though they have not expired."""
PublicKey = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key and the algorithms that it may be used with: never what a token says of itself."""

    id: str | None
    key: PublicKey
    algorithms: tuple[str, ...]


class KeySet:
    """The keys of the issuer that we trust."""

    def __init__(self, keys: Sequence[VerificationKey], revoked: Collection[str] = ()) -> None:
        """`revoked`: the marks of clients whose tokens count no more."""
        self._keys = {key.id: key for key in keys}
        self._revoked = frozenset(revoked)
        if not keys or len(self._keys) != len(keys):
            message = "the key set (JWKS) must have at least one key that can be used, and no two with the same kid"
            raise ValueError(message)

    @classmethod
    def from_file(cls, path: Path, algorithms: Sequence[str] = ALGORITHMS) -> Self:
        """The keys of a JWKS file (RFC 7517). Raises ValueError when it is not usable, OSError when not readable."""
        with path.open("rb") as file:
            content = file.read(FILE_LIMIT_BYTES + 1)
        if len(content) > FILE_LIMIT_BYTES:
            message = f"the key set {path.name} is larger than {FILE_LIMIT_BYTES} bytes"
            raise ValueError(message)
        return cls.from_json(content, algorithms)

    @classmethod
    def from_json(cls, content: bytes, algorithms: Sequence[str] = ALGORITHMS) -> Self:
        """The keys of a JWKS document as it is sent. Raises ValueError when it is not usable."""
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            message = "the key set (JWKS) is not JSON"
            raise ValueError(message) from None
        return cls.from_document(document, algorithms)

    @classmethod
    def from_document(cls, document: object, algorithms: Sequence[str] = ALGORITHMS) -> Self:
        """The keys of a JWKS document that may be used with one of these algorithms.

        Issuers publish keys for other purposes beside them, which are left out (RFC 7517, section 5). Raises
        ValueError when none is left.
        """
        members = document.get("keys") if isinstance(document, Mapping) else None
        if not isinstance(members, list) or not all(isinstance(member, Mapping) for member in members):
            message = 'a key set (JWKS) is a JSON object with a list "keys" of objects'
            raise ValueError(message)
        keys = [key for member in members if (key := verification_key(member, algorithms)) is not None]
        return cls(keys, _revoked(document))

    def current(self, now: datetime) -> "KeySet":  # noqa: ARG002 - these keys do not age
        """These keys, at any time."""
        return self

    async def look_again(self) -> bool:
        """There is nowhere to look for other keys."""
        return False

    @property
    def usable(self) -> bool:
        """They always are."""
        return True

    def find(self, key_id: str | None) -> VerificationKey | None:
        """The key with this id; without an id, the only key there is."""
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)

    def has_revoked(self, client_id: str) -> bool:
        """Whether the issuer says that this client's tokens count no more."""
        return bool(self._revoked) and client_mark(client_id) in self._revoked

    def __len__(self) -> int:
        """How many there are."""
        return len(self._keys)

    def __eq__(self, other: object) -> bool:
        """Whether these are the same keys, for the same use, and nobody else was revoked."""
        return isinstance(other, KeySet) and (self._keys, self._revoked) == (other._keys, other._revoked)

    __hash__ = None  # type: ignore[assignment] # compared by what it holds, and no key of a mapping


class Keys(Protocol):
    """The keys of an issuer as they are at a moment."""

    @property
    def usable(self) -> bool:
        """Whether there are any to verify with."""
        ...

    def current(self, now: datetime, /) -> KeySet:
        """The keys to verify with: the same object for as long as they are the same. Raises Unavailable."""
        ...

    async def look_again(self) -> bool:
        """Look for a key that is not known; whether there was a look, so that it is worth trying again."""
        ...


def client_mark(client_id: str) -> str:
    """What a client that was revoked is called where everybody can read it: who it is, only its own tokens tell."""
    return hashlib.sha256(client_id.encode()).hexdigest()


def _revoked(document: object) -> list[str]:
    marks = document.get(REVOKED, []) if isinstance(document, Mapping) else []
    if not isinstance(marks, list) or not all(isinstance(mark, str) for mark in marks):
        message = f'"{REVOKED}" in a key set (JWKS) is a list of text'
        raise ValueError(message)
    return marks


def verification_key(member: Mapping[str, Any], algorithms: Sequence[str] = ALGORITHMS) -> VerificationKey | None:
    """The public key in a JWK, with those of the algorithms that it may be used with; None when there are none."""
    key_id, stated = member.get("kid"), member.get("alg")
    if member.get("use", "sig") != "sig" or not isinstance(key_id, str | None):
        return None
    try:
        key = PyJWK.from_dict(dict(member)).key
    except (PyJWTError, ValueError, TypeError):
        return None
    usable = tuple(name for name in _algorithms(key) if name in algorithms and stated in (None, name))
    return VerificationKey(key_id, key, usable) if usable else None


def _algorithms(key: object) -> tuple[str, ...]:
    if isinstance(key, Ed25519PublicKey):
        return ("EdDSA",)
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name == "secp256r1":
        return ("ES256",)
    if isinstance(key, RSAPublicKey) and key.key_size >= RSA_BITS:
        return ("RS256", "PS256")
    return ()
