"""How the console proves to the provider who it is."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote_plus

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from services.chassis.clock import Clock, Identifiers

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFETIME = timedelta(minutes=2)
PrivateKey = RSAPrivateKey | Ed25519PrivateKey | EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Proof:
    """What comes with a question to the token endpoint."""

    form: Mapping[str, str]
    authorization: str | None = None


@dataclass(frozen=True, slots=True)
class Nothing:
    """A public client: PKCE alone ties the code to us."""

    client_id: str

    def give(self, _issuer: str) -> Proof:
        """Our name."""
        return Proof({"client_id": self.client_id})


@dataclass(frozen=True, slots=True)
class Secret:
    """`client_secret_basic` (RFC 6749, section 2.3.1)."""

    client_id: str
    secret: str

    def give(self, _issuer: str) -> Proof:
        """Both in the header; each is encoded as in a form before."""
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.secret)}"
        return Proof({}, f"Basic {base64.b64encode(pair.encode()).decode()}")


@dataclass(frozen=True, slots=True)
class Key:
    """`private_key_jwt` (RFC 7523; what OAuth NL GOV asks for)."""

    client_id: str
    key: PrivateKey
    algorithm: str
    clock: Clock
    identifiers: Identifiers

    def give(self, issuer: str) -> Proof:
        """An assertion for this issuer alone, that works once and for two minutes."""
        now = self.clock()
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": issuer,
            "jti": str(self.identifiers()),
            "iat": now,
            "exp": now + ASSERTION_LIFETIME,
        }
        assertion = jwt.encode(claims, self.key, self.algorithm)
        return Proof(
            {"client_id": self.client_id, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        )


ClientProof = Nothing | Secret | Key


def key_proof(client_id: str, file: Path, clock: Clock, identifiers: Identifiers) -> Key:
    """With the private key in a PEM file. Raises ValueError or OSError."""
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if isinstance(key, RSAPrivateKey):
        return Key(client_id, key, "PS256", clock, identifiers)
    if isinstance(key, Ed25519PrivateKey):
        return Key(client_id, key, "EdDSA", clock, identifiers)
    if isinstance(key, EllipticCurvePrivateKey) and key.curve.name == SECP256R1.name:
        return Key(client_id, key, "ES256", clock, identifiers)
    message = "the private key must be RSA, Ed25519 or EC on P-256"
    raise ValueError(message)
