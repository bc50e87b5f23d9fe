"""Tells a genuine access token from any other, quickly for one that it has seen before."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Never

import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.chassis.errors import Unauthenticated, Unavailable
from services.chassis.identity.certificates import ClientCertificate
from services.chassis.identity.claims import ClaimNames
from services.chassis.identity.keys import Keys, KeySet, VerificationKey
from services.chassis.identity.principal import Principal, Role

LIFETIME_LIMIT = timedelta(hours=6)
"""OAuth NL GOV: an access token lives at most six hours."""
LEEWAY_LIMIT = timedelta(minutes=2)
CACHE_LIMIT = 10_000
THUMBPRINT = "x5t#S256"
TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
"""What a token may say that it is (RFC 9068): an identity token or a client's assertion is none that gives access."""

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
    cnf: dict[str, Any] | None = None


_OUR_NAMES = ClaimNames()


class UnknownKey(Unauthenticated):
    """The token names a key that its issuer did not have when we last looked."""


@dataclass(frozen=True, slots=True)
class _Seen:
    principal: Principal
    until: datetime
    source: Keys
    keys: KeySet
    """As they were when the signature was checked: what another set of keys would say is not known."""
    bound_to: str | None


class TokenVerifier:
    """Verifies access tokens of some issuers for one audience."""

    def __init__(
        self,
        issuers: Mapping[str, Keys],
        audience: str,
        *,
        leeway: timedelta = timedelta(seconds=30),
        clients: frozenset[str] = frozenset(),
        names: Mapping[str, ClaimNames] | None = None,
        cache_limit: int = CACHE_LIMIT,
    ) -> None:
        """`issuers` has the keys by `iss`, and `names` what they call things, where it is not as we do.

        With `clients`, tokens of no other client (`azp`) are accepted.
        """
        if not timedelta(0) <= leeway <= LEEWAY_LIMIT:
            message = f"the leeway must be between 0 and {LEEWAY_LIMIT.total_seconds():.0f} seconds"
            raise ValueError(message)
        self._issuers = issuers
        self._audience = audience
        self._leeway = leeway
        self._clients = clients
        self._names = names or {}
        self._cache_limit = cache_limit
        self._seen: OrderedDict[bytes, _Seen] = OrderedDict()

    @property
    def issuers(self) -> Mapping[str, Keys]:
        """The keys of each issuer, by `iss`."""
        return self._issuers

    async def authenticate(self, token: str, now: datetime, certificate: ClientCertificate | None = None) -> Principal:
        """Like `verify`; when a key is not known, the issuer is asked for its keys, unless that was just done."""
        try:
            return self.verify(token, now, certificate)
        except (UnknownKey, Unavailable):
            if not await self._of(_claimed_issuer(token)).look_again():
                raise
        return self.verify(token, now, certificate)

    def verify(self, token: str, now: datetime, certificate: ClientCertificate | None = None) -> Principal:
        """Who holds this token, and showed this certificate.

        Raises Unauthenticated, which says what is wrong without repeating any of it, or Unavailable when there are no
        keys to verify with.
        """
        # By digest, so that a dump of this process's memory has fewer tokens that still work.
        digest = hashlib.sha256(token.encode(errors="surrogateescape")).digest()
        seen = self._seen.get(digest)
        if seen is not None and now < seen.until and seen.source.current(now) is seen.keys:
            self._seen.move_to_end(digest)
            return _held(seen.principal, seen.bound_to, certificate)
        issuer = _claimed_issuer(token)
        source = self._of(issuer)
        keys = source.current(now)
        claims = _claims(token, keys, self._names.get(issuer, _OUR_NAMES))
        self._check(claims, now)
        if keys.has_revoked(claims.azp):
            _refuse("was given to a client that was revoked")
        expires_at = datetime.fromtimestamp(claims.exp, UTC)
        scopes = frozenset(claims.scope.split())
        bound_to = _bound_to(claims)
        principal = Principal(claims.sub, claims.org, claims.role, scopes, expires_at)
        self._seen[digest] = _Seen(principal, expires_at + self._leeway, source, keys, bound_to)
        if len(self._seen) > self._cache_limit:
            self._seen.popitem(last=False)
        return _held(principal, bound_to, certificate)

    def _of(self, issuer: str) -> Keys:
        source = self._issuers.get(issuer)
        if source is None:
            _refuse("was issued by someone else or for someone else")
        return source

    def _check(self, claims: _Claims, now: datetime) -> None:
        moment, leeway = now.timestamp(), self._leeway.total_seconds()
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if self._audience not in audiences:
            _refuse("was issued by someone else or for someone else")
        if self._clients and claims.azp not in self._clients:
            _refuse("was given to a client that is not accepted here")
        if moment >= claims.exp + leeway:
            _refuse("has expired")
        if max(claims.iat, claims.nbf or 0.0) > moment + leeway:
            _refuse("is not valid yet")
        if claims.exp - claims.iat > LIFETIME_LIMIT.total_seconds():
            _refuse("lives longer than six hours")


def _bound_to(claims: _Claims) -> str | None:
    """The thumbprint of the certificate that must come with the token (RFC 8705, section 3.1)."""
    if claims.cnf is None:
        return None
    thumbprint = claims.cnf.get(THUMBPRINT)
    if len(claims.cnf) != 1 or not isinstance(thumbprint, str):
        _refuse("is bound to something that cannot be checked here")
    return thumbprint


def _held(principal: Principal, bound_to: str | None, certificate: ClientCertificate | None) -> Principal:
    if bound_to is not None and (certificate is None or certificate.thumbprint != bound_to):
        _refuse("is bound to a client certificate, and came without it")
    return principal if certificate is None else replace(principal, oin=certificate.oin)


def _claimed_issuer(token: str) -> str:
    """Whose token it says that it is, to know with whose keys to verify that. Raises Unauthenticated."""
    try:
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        _refuse("is malformed or its signature is not right")
    return issuer if isinstance(issuer, str) else ""


def _claims(token: str, keys: KeySet, names: ClaimNames) -> _Claims:
    try:
        key = _key(jwt.get_unverified_header(token), keys)
        claims = jwt.decode(token, key=key.key, algorithms=list(key.algorithms), options=_OPTIONS)
        return _Claims.model_validate(names.read(claims))
    except ValidationError as error:
        faulty = sorted({str(item["loc"][0]) for item in error.errors(include_input=False, include_url=False)})
        _refuse(f"lacks these claims or has them in a wrong form: {', '.join(faulty)}")
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        _refuse("is malformed or its signature is not right")


def _key(header: Mapping[str, Any], keys: KeySet) -> VerificationKey:
    if str(header.get("typ", "JWT")).lower() not in TYPES:
        _refuse("is a token for something else than access")
    key = keys.find(header.get("kid"))
    if key is None:
        raise UnknownKey(_UNACCEPTED)
    if header.get("alg") not in key.algorithms:
        raise Unauthenticated(_UNACCEPTED)
    return key


_UNACCEPTED = "The access token was not signed with a key and algorithm that we accept. Ask for a new one."


def _refuse(reason: str) -> Never:
    message = f"The access token {reason}. Ask for a new one."
    raise Unauthenticated(message)
