"""How a client proves who it is: an assertion that it signs with its private key (RFC 7523, `private_key_jwt`)."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Never

import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.chassis.identity.keys import VerificationKey
from services.identity.handlers.errors import InvalidClient

LIFETIME_LIMIT = timedelta(minutes=5)
"""An assertion is made for one request: the less it lives, the less must be remembered so that it is used once."""
LEEWAY = timedelta(seconds=30)
TYPES = frozenset({"jwt", "client-authentication+jwt"})
"""What an assertion may say that it is: an access token in its place is none."""
CLIENT_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"

_Name = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")]
_Moment = Annotated[float, Field(ge=0, le=253402300799, allow_inf_nan=False)]
# The signature only; everything else we check ourselves, by the injected clock.
_OPTIONS: Any = {
    "verify_signature": True,
    **dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_iss", "verify_sub"), False),
    "verify_jti": False,
}


class _Claims(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    iss: str
    sub: str
    aud: str | list[str]
    jti: _Name
    exp: _Moment
    iat: _Moment | None = None
    nbf: _Moment | None = None


class _Issuer(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    iss: Annotated[str, Field(pattern=CLIENT_ID)]


@dataclass(frozen=True, slots=True)
class Assertion:
    """What of an assertion must be remembered, and until when it could be used again."""

    jti: str
    usable_until: datetime


def claimed_client(assertion: str) -> str:
    """Whose assertion it says that it is, to know with whose keys to verify that. Raises InvalidClient."""
    try:
        return _Issuer.model_validate(jwt.decode(assertion, options={"verify_signature": False})).iss
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        refuse_unknown()


def verify(
    assertion: str, client_id: str, keys: Sequence[VerificationKey], audiences: frozenset[str], now: datetime
) -> Assertion:
    """Whether this client signed this for us, just now. Raises InvalidClient."""
    claims = _claims(assertion, keys)
    moment, leeway = now.timestamp(), LEEWAY.total_seconds()
    audience = claims.aud if isinstance(claims.aud, str) else (claims.aud[0] if len(claims.aud) == 1 else "")
    if (claims.iss, claims.sub) != (client_id, client_id):
        _refuse("must have the client's id as `iss` and as `sub`")
    if audience not in audiences:
        # One for several servers could be used by one of them at another.
        _refuse("must have this server's issuer, or the address of this endpoint, as its only `aud`")
    if moment >= claims.exp + leeway:
        _refuse("has expired")
    if max(claims.iat or 0.0, claims.nbf or 0.0) > moment + leeway:
        _refuse("is not valid yet")
    if claims.exp > moment + LIFETIME_LIMIT.total_seconds() + leeway:
        _refuse("lives longer than five minutes")
    return Assertion(claims.jti, datetime.fromtimestamp(claims.exp, UTC) + LEEWAY)


def _claims(assertion: str, keys: Sequence[VerificationKey]) -> _Claims:
    try:
        header = jwt.get_unverified_header(assertion)
        if str(header.get("typ", "JWT")).lower() not in TYPES:
            _refuse("is a token for something else (`typ`)")
        return _Claims.model_validate(_signed(assertion, header, keys))
    except ValidationError as error:
        names = sorted({str(item["loc"][0]) for item in error.errors(include_input=False, include_url=False)})
        _refuse(f"lacks these claims or has them in a wrong form: {', '.join(names)}")
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        refuse_unknown()


def _signed(assertion: str, header: dict[str, Any], keys: Iterable[VerificationKey]) -> dict[str, Any]:
    """The claims, with the key that it names, or with the one that fits when it names none."""
    key_id, algorithm = header.get("kid"), header.get("alg")
    fitting = [key for key in keys if key_id in (None, key.id) and algorithm in key.algorithms]
    claims: dict[str, Any] | None = None
    for key in fitting:
        with suppress(jwt.InvalidSignatureError):
            claims = jwt.decode(assertion, key=key.key, algorithms=list(key.algorithms), options=_OPTIONS)
    return refuse_unknown() if claims is None else claims


def refuse_unknown() -> Never:
    """The same whether there is no such client, no such key, or another signature: nobody can try out which there are.

    Raises InvalidClient.
    """
    raise InvalidClient("The client assertion is not signed with a key that is registered for its client.")


def _refuse(reason: str) -> Never:
    message = f"The client assertion {reason}."
    raise InvalidClient(message)
