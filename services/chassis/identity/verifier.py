"""Tells a genuine access token from any other, quickly for one that it has seen before."""

import hashlib
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Never

import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.chassis.errors import Unauthenticated
from services.chassis.identity.keys import KeySet
from services.chassis.identity.principal import Principal, Role

LIFETIME_LIMIT = timedelta(hours=6)
"""OAuth NL GOV: an access token lives at most six hours."""
LEEWAY_LIMIT = timedelta(minutes=2)
CACHE_LIMIT = 10_000

_Name = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")]
_Moment = Annotated[float, Field(ge=0, le=253402300799, allow_inf_nan=False)]
# Signature first; everything else we check ourselves, by the injected clock.
_OPTIONS: Any = {
    "verify_signature": True,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


class _Claims(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    iss: str
    aud: str | list[str]
    sub: _Name
    azp: _Name
    jti: _Name
    exp: _Moment
    iat: _Moment
    nbf: _Moment | None = None
    org: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    role: Annotated[Role, Field(strict=False)]
    scope: Annotated[str, Field(max_length=2048)]


class TokenVerifier:
    """Verifies access tokens of one issuer for one audience."""

    def __init__(
        self,
        keys: KeySet,
        issuer: str,
        audience: str,
        *,
        leeway: timedelta = timedelta(seconds=30),
        cache_limit: int = CACHE_LIMIT,
    ) -> None:
        if not timedelta(0) <= leeway <= LEEWAY_LIMIT:
            message = f"the leeway must be between 0 and {LEEWAY_LIMIT.total_seconds():.0f} seconds"
            raise ValueError(message)
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._leeway = leeway
        self._cache_limit = cache_limit
        self._seen: OrderedDict[bytes, tuple[Principal, datetime]] = OrderedDict()

    def verify(self, token: str, now: datetime) -> Principal:
        """Who holds this token. Raises Unauthenticated, which says what is wrong without repeating any of it."""
        # By digest, so that a dump of this process's memory has fewer tokens that still work.
        digest = hashlib.sha256(token.encode(errors="surrogateescape")).digest()
        seen = self._seen.get(digest)
        if seen is not None and now < seen[1]:
            self._seen.move_to_end(digest)
            return seen[0]
        claims = self._claims(token)
        self._check(claims, now)
        expires_at = datetime.fromtimestamp(claims.exp, UTC)
        scopes = frozenset(claims.scope.split())
        principal = Principal(claims.sub, claims.org, claims.role, scopes, expires_at)
        self._seen[digest] = (principal, expires_at + self._leeway)
        if len(self._seen) > self._cache_limit:
            self._seen.popitem(last=False)
        return principal

    def _claims(self, token: str) -> _Claims:
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.find(header.get("kid"))
            if key is None or header.get("alg") not in key.algorithms:
                _refuse("was not signed with a key and algorithm that we accept")
            claims = jwt.decode(token, key=key.key, algorithms=list(key.algorithms), options=_OPTIONS)
            return _Claims.model_validate(claims)
        except ValidationError as error:
            names = sorted({str(item["loc"][0]) for item in error.errors(include_input=False, include_url=False)})
            _refuse(f"lacks these claims or has them in a wrong form: {', '.join(names)}")
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            _refuse("is malformed or its signature is not right")

    def _check(self, claims: _Claims, now: datetime) -> None:
        moment, leeway = now.timestamp(), self._leeway.total_seconds()
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if claims.iss != self._issuer or self._audience not in audiences:
            _refuse("was issued by someone else or for someone else")
        if moment >= claims.exp + leeway:
            _refuse("has expired")
        if max(claims.iat, claims.nbf or 0.0) > moment + leeway:
            _refuse("is not valid yet")
        if claims.exp - claims.iat > LIFETIME_LIMIT.total_seconds():
            _refuse("lives longer than six hours")


def _refuse(reason: str) -> Never:
    message = f"The access token {reason}. Ask for a new one."
    raise Unauthenticated(message)
