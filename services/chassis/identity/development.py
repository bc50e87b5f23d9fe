"""An issuer of tokens for one machine, so that everything runs without an identity provider. Never for production."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from services.chassis.clock import Clock, Identifiers, system_clock, system_identifiers
from services.chassis.identity.keys import KeySet
from services.chassis.identity.principal import Role
from services.chassis.identity.verifier import LIFETIME_LIMIT
from services.chassis.settings import Mode

KEY_FILE = "development-issuer.pem"
KEYS_FILE = "development-issuer.jwks.json"
KEY_ID = "development"
DEFAULT_ISSUER = "urn:doorstroom:development"
DEFAULT_AUDIENCE = "doorstroom"


class DevelopmentIssuer:
    """Issues tokens to whoever has this object. Its key is made on the first use and kept in the data folder."""

    def __init__(
        self,
        folder: Path,
        mode: Mode,
        *,
        issuer: str = DEFAULT_ISSUER,
        audience: str = DEFAULT_AUDIENCE,
        clock: Clock = system_clock,
        identifiers: Identifiers = system_identifiers,
    ) -> None:
        """Raises ValueError in the distributed mode, and OSError when the folder cannot be written."""
        if mode is not Mode.EMBEDDED:
            message = (
                "the development issuer gives a token to anyone and refuses to run in the distributed mode: "
                "set DOORSTROOM_TOKEN_KEYS_FILE to the JWKS file of a real issuer"
            )
            raise ValueError(message)
        self._key = _load_or_make(folder / KEY_FILE)
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._identifiers = identifiers
        (folder / KEYS_FILE).write_text(json.dumps(self.public_keys()) + "\n")

    def issue(
        self, subject: str, organisation: str, role: Role, scopes: Iterable[str], lifetime_seconds: int = 3600
    ) -> str:
        """A signed access token. Raises ValueError for a lifetime that is not between a second and six hours."""
        if not 1 <= lifetime_seconds <= LIFETIME_LIMIT.total_seconds():
            message = "an access token lives between 1 second and six hours"
            raise ValueError(message)
        now = int(self._clock().timestamp())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": subject,
            "azp": subject,
            "jti": str(self._identifiers()),
            "iat": now,
            "nbf": now,
            "exp": now + lifetime_seconds,
            "org": organisation,
            "role": Role(role).value,
            "scope": " ".join(sorted(scopes)),
        }
        return jwt.encode(claims, self._key, algorithm="EdDSA", headers={"kid": KEY_ID, "typ": "at+jwt"})

    def public_keys(self) -> dict[str, Any]:
        """The JWKS document with the public key; also written to the data folder, for other processes."""
        member = OKPAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**member, "kid": KEY_ID, "use": "sig", "alg": "EdDSA"}]}

    def key_set(self) -> KeySet:
        """The public key, to verify with."""
        return KeySet.from_document(self.public_keys())


def _load_or_make(path: Path) -> Ed25519PrivateKey:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return _make(path)
    key = serialization.load_pem_private_key(content, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        message = f"{path.name} is not an Ed25519 key: remove it, and a new one is made"
        raise ValueError(message)  # noqa: TRY004 - a wrong file, not a wrong call
    return key


def _make(path: Path) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    content = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # Readable by nobody else from the first moment, and never written over.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return key
