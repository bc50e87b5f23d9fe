"""Whether an identity token is the provider's, for us, for this very sign-in, and of now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt
from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError

from services.chassis.errors import Unavailable
from services.chassis.identity import KeySet, RemoteKeys
from services.console.failures import Reason, SignInFailed

SUBJECT_LIMIT = 255
_OPTIONS: Any = {
    "verify_signature": True,
    **dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_iss", "verify_sub"), False),
}
"""The signature alone; the claims are Authlib's to check, by the injected clock."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an identity token must say."""

    issuer: str
    client_id: str
    access_token: str
    nonce: str | None
    """None at a renewal: then there may be none."""
    leeway_seconds: int


def subject_of(token: str, keys: RemoteKeys, expected: Expected, now: datetime) -> str:
    """Who signed in (`sub`). Raises SignInFailed when the token is not to be believed."""
    header, claims = _verified(token, _current(keys, now))
    options: Any = {
        "iss": {"essential": True, "value": expected.issuer},
        "aud": {"essential": True, "value": expected.client_id},
    }
    parameters = {"nonce": expected.nonce, "client_id": expected.client_id, "access_token": expected.access_token}
    try:
        CodeIDToken(claims, header, options, parameters).validate(int(now.timestamp()), expected.leeway_seconds)
    except (JoseError, ValueError, TypeError) as error:
        claim = getattr(error, "claim", None)
        detail = f"the identity token is not right: {claim if claim in KNOWN_CLAIMS else type(error).__name__}"
        raise SignInFailed(Reason.PROVIDER_WRONG, detail) from None
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_LIMIT:
        raise SignInFailed(Reason.PROVIDER_WRONG, "the identity token names nobody")
    return subject


KNOWN_CLAIMS = frozenset({"iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "azp", "at_hash"})


def _current(keys: RemoteKeys, now: datetime) -> KeySet:
    try:
        return keys.current(now)
    except Unavailable:
        raise SignInFailed(Reason.PROVIDER_AWAY, "its keys cannot be fetched") from None


def _verified(token: str, keys: KeySet) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """The header and the claims, when one of these keys signed them with an algorithm that it is for."""
    try:
        header = jwt.get_unverified_header(token)
        key = keys.find(header.get("kid"))
        if key is None or header.get("alg") not in key.algorithms:
            raise SignInFailed(Reason.PROVIDER_WRONG, "the identity token has a key or algorithm that is not accepted")
        return header, jwt.decode(token, key.key, algorithms=list(key.algorithms), options=_OPTIONS)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise SignInFailed(Reason.PROVIDER_WRONG, "the identity token's signature is not right") from None
