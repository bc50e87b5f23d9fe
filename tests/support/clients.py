"""A client of the token endpoint: keys of each kind, and assertions that are right but for what a test changes."""

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
RSA = rsa.generate_private_key(65537, 2048)
ED25519 = ed25519.Ed25519PrivateKey.generate()
P256 = ec.generate_private_key(ec.SECP256R1())
KINDS: Mapping[str, Any] = {"RS256": RSA, "PS256": RSA, "EdDSA": ED25519, "ES256": P256}
_numbers = itertools.count()


def public_jwk(key: Any, key_id: str = "first") -> dict[str, Any]:  # noqa: ANN401 - any private key
    """The public key, as a client hands it in."""
    maker: Any = {rsa.RSAPrivateKey: RSAAlgorithm, ed25519.Ed25519PrivateKey: OKPAlgorithm}
    algorithm = next((maker[kind] for kind in maker if isinstance(key, kind)), ECAlgorithm)
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": key_id}


def assertion(
    client: str,
    audience: str,
    now: datetime,
    key: Any = RSA,  # noqa: ANN401 - any key
    algorithm: str = "PS256",
    headers: Mapping[str, Any] | None = None,
    **changes: object,
) -> str:
    """An assertion for one request; a change to None leaves the claim out."""
    moment = now.timestamp()
    claims = {
        "iss": client,
        "sub": client,
        "aud": audience,
        "jti": f"jti-{next(_numbers)}",
        "iat": moment,
        "exp": moment + 60,
    }
    chosen = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(chosen, key, algorithm=algorithm, headers={"kid": "first"} if headers is None else dict(headers))


def form(assertion: str, **changes: str | None) -> dict[str, str]:
    """The body of a request for a token; a change to None leaves the parameter out."""
    parameters: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    return {name: value for name, value in (parameters | changes).items() if value is not None}


def with_public_key_as_secret(token: str, key: Any) -> str:  # noqa: ANN401 - any private key
    """The same claims, "signed" with HS256 and the public key, which everybody has: no library would make this."""
    header = {"alg": "HS256", "typ": "JWT", "kid": jwt.get_unverified_header(token)["kid"]}
    signed = f"{_base64(json.dumps(header).encode())}.{token.split('.')[1]}"
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    secret = key.public_key().public_bytes(serialization.Encoding.PEM, kind)
    return f"{signed}.{_base64(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
