"""Client credentials: a system proves with its private key who it is, and gets a token (RFC 7523, OAuth NL GOV)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import aiohttp
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from doorstroom_client.errors import TokenUnavailable
from doorstroom_client.tokens import CachedToken, Clock, FetchedToken, system_clock

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFETIME = timedelta(minutes=2)
TIMEOUT_SECONDS = 10.0
ANSWER_LIMIT_BYTES = 64 * 1024
_ALGORITHMS: tuple[tuple[type[Any], str], ...] = (
    (RSAPrivateKey, "PS256"),
    (Ed25519PrivateKey, "EdDSA"),
    (EllipticCurvePrivateKey, "ES256"),
)


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """How a system gets its tokens. `private_key`: PEM; RSA from 2048 bits, Ed25519, or EC on P-256.

    `audience`: the issuer of the token endpoint, or its address, which it is when left out. `scope`: less than
    everything that the client is registered for. `key_id`: which of its keys this is, where the endpoint cannot tell.
    """

    endpoint: str
    client_id: str
    private_key: bytes
    audience: str | None = None
    scope: str | None = None
    key_id: str | None = None

    def source(self, session: aiohttp.ClientSession, clock: Clock = system_clock) -> CachedToken:
        """Tokens, each fetched when the one before runs out. Raises ValueError for a key that cannot sign."""
        key = serialization.load_pem_private_key(self.private_key, password=None)
        algorithm = next((name for kind, name in _ALGORITHMS if isinstance(key, kind)), None)
        if algorithm is None or (isinstance(key, EllipticCurvePrivateKey) and key.curve.name != SECP256R1.name):
            message = "the private key must be RSA, Ed25519 or EC on P-256"
            raise ValueError(message)

        async def fetch() -> FetchedToken:
            asked_at = clock()
            headers = {"kid": self.key_id} if self.key_id else None
            assertion = jwt.encode(self._claims(clock), key, algorithm, headers)  # type: ignore[arg-type] # one of the kinds above
            answer = await _ask(session, self.endpoint, self._form(assertion))
            return _fetched(answer, asked_at)

        return CachedToken(fetch, clock)

    def _claims(self, clock: Clock) -> dict[str, object]:
        now = clock()
        return {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.audience or self.endpoint,
            "jti": str(uuid4()),
            "iat": now,
            "exp": now + ASSERTION_LIFETIME,
        }

    def _form(self, assertion: str) -> dict[str, str]:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }
        return form | ({"scope": self.scope} if self.scope else {})


async def _ask(session: aiohttp.ClientSession, endpoint: str, form: Mapping[str, str]) -> Mapping[str, Any]:
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    try:
        async with session.post(endpoint, data=form, timeout=timeout, allow_redirects=False) as response:
            answer = _read(await response.content.read(ANSWER_LIMIT_BYTES))
            if response.status != 200:  # noqa: PLR2004 - RFC 6749, section 5.1
                raise TokenUnavailable(f"the token endpoint refused: {answer.get('error', response.status)}")
            return answer
    except (aiohttp.ClientError, TimeoutError):
        raise TokenUnavailable("the token endpoint does not answer") from None


def _read(content: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
    except ValueError:
        document = None
    return document if isinstance(document, dict) else {}


def _fetched(answer: Mapping[str, Any], asked_at: datetime) -> FetchedToken:
    token, seconds = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(token, str) or not isinstance(seconds, int | float):
        raise TokenUnavailable("the token endpoint answered without a token")
    return FetchedToken(token, asked_at + timedelta(seconds=seconds))
