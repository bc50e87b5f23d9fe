"""Bodies of the token endpoint, as OAuth has them (RFC 6749, RFC 7517, RFC 7523): the names are not ours."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from schemas.base import Schema
from schemas.sensitivity import Sensitivity, Word

GRANT_TYPE = "client_credentials"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class _OfOAuth(Schema):
    model_config = ConfigDict(alias_generator=None)


class TokenRequest(_OfOAuth):
    """The form that a client sends, with a proof that it has the private key."""

    grant_type: Literal["client_credentials"] = Field(description="always this: it asks for itself")
    client_assertion_type: Literal["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"] = Field(
        description="always this: it proves who it is with a signed JWT"
    )
    client_assertion: Annotated[str, Field(min_length=1, max_length=8192), Sensitivity.SECRET] = Field(
        description="a JWT signed with the private key: `iss` and `sub` are the client, `aud` is the issuer or this "
        "address, `exp` is near, and `jti` was never used"
    )
    client_id: Word | None = Field(None, description="the client; it is in the assertion already")
    scope: Word | None = Field(
        None, description="what is asked for, with spaces in between; all that it may when left out"
    )


class IssuedToken(_OfOAuth):
    """An access token, and how long it is good."""

    access_token: Annotated[str, Sensitivity.SECRET] = Field(
        description="to be sent as `Authorization: Bearer`, and kept to oneself"
    )
    token_type: Literal["Bearer"] = Field(description="always this")
    expires_in: int = Field(ge=1, le=21_600, description="for how many seconds it is good: use it so long")
    scope: Word = Field(description="what it may be used for, with spaces in between")


class Refusal(_OfOAuth):
    """Why no token is given, in OAuth's words."""

    error: Word = Field(description="a word of RFC 6749, section 5.2, such as `invalid_client`")
    error_description: Word = Field(description="what to do about it")


class PublicKeys(_OfOAuth):
    """The keys by which our tokens are verified (JWKS)."""

    keys: Annotated[list[dict[str, Any]], Sensitivity.HARMLESS] = Field(
        description="each is a public JWK, with its `kid`"
    )
    revoked_clients: Annotated[list[str], Sensitivity.HARMLESS] = Field(
        default_factory=list,
        alias="revokedClients",
        description="whose tokens count no more, though they have not expired: SHA-256 of each client's id, in hex",
    )
