"""The public keys that tokens may be signed with, and what each may be used for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

ALGORITHMS = ("EdDSA", "ES256", "RS256", "PS256")
RSA_BITS = 2048
FILE_LIMIT_BYTES = 256 * 1024
PublicKey = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key and the algorithms that it may be used with: never what a token says of itself."""

    id: str | None
    key: PublicKey
    algorithms: tuple[str, ...]


class KeySet:
    """The keys of the issuer that we trust."""

    def __init__(self, keys: Sequence[VerificationKey]) -> None:
        self._keys = {key.id: key for key in keys}
        if not keys or len(self._keys) != len(keys):
            message = "the key set (JWKS) must have at least one key, and no two with the same kid"
            raise ValueError(message)

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """The keys of a JWKS file (RFC 7517). Raises ValueError when it is not usable, OSError when not readable."""
        with path.open("rb") as file:
            content = file.read(FILE_LIMIT_BYTES + 1)
        if len(content) > FILE_LIMIT_BYTES:
            message = f"the key set {path.name} is larger than {FILE_LIMIT_BYTES} bytes"
            raise ValueError(message)
        return cls.from_document(json.loads(content))

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The keys of a JWKS document. Raises ValueError when one cannot be used to verify signatures."""
        members = document.get("keys")
        if not isinstance(members, list):
            message = 'a key set (JWKS) is a JSON object with a list "keys"'
            raise ValueError(message)  # noqa: TRY004 - callers handle one kind of error for a bad file
        return cls([_key(member) for member in members if member.get("use", "sig") == "sig"])

    def find(self, key_id: str | None) -> VerificationKey | None:
        """The key with this id; without an id, the only key there is."""
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)


def _key(member: Mapping[str, Any]) -> VerificationKey:
    try:
        key = PyJWK.from_dict(dict(member)).key
    except PyJWTError as error:
        message = f"a key of the key set cannot be used: {error}"
        raise ValueError(message) from None
    usable = _algorithms(key)
    stated = member.get("alg")
    algorithms = tuple(name for name in usable if stated is None or name == stated)
    if not algorithms:
        message = f"a key of the key set must be a public key for one of {', '.join(ALGORITHMS)}, RSA of 2048 bits up"
        raise ValueError(message)
    return VerificationKey(member.get("kid"), key, algorithms)


def _algorithms(key: object) -> tuple[str, ...]:
    if isinstance(key, Ed25519PublicKey):
        return ("EdDSA",)
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name == "secp256r1":
        return ("ES256",)
    if isinstance(key, RSAPublicKey) and key.key_size >= RSA_BITS:
        return ("RS256", "PS256")
    return ()
