"""What the OpenAPI document tells of the token endpoint."""

from schemas.api.identity import ASSERTION_TYPE, GRANT_TYPE, IssuedToken, PublicKeys, Refusal, TokenRequest
from services.chassis.web.operation import Described

TAGS = ("tokens",)
_JWT = "eyJhbGciOiJQUzI1NiJ9.eyJpc3MiOiJjbGllbnQtMSJ9.c2lnbmF0dXJl"

TOKEN = Described(
    operation_id="issueToken",
    summary="Get an access token",
    description=(
        "Client credentials with `private_key_jwt` (RFC 6749, section 4.4; RFC 7523): the client proves with its "
        "private key who it is. Everything is in the body, and each assertion is used once. When a client certificate "
        "is shown, the token is bound to it (RFC 8705)."
    ),
    tags=TAGS,
    form=TokenRequest(
        grant_type=GRANT_TYPE, client_assertion_type=ASSERTION_TYPE, client_assertion=_JWT, scope="shelters:read"
    ),
    answer=IssuedToken(access_token=_JWT, token_type="Bearer", expires_in=3600, scope="shelters:read"),  # noqa: S106 - no password
    refusal=Refusal(error="invalid_request", error_description="`grant_type` is required."),
    refusals={
        400: "A parameter is missing, there twice, or not as it should be; or more was asked for than the client may.",
        401: "The client did not prove who it is.",
        429: "More is asked for than a client can need: use the token that you have until it expires.",
        503: "Not available at the moment: try again after Retry-After seconds.",
    },
)
KEYS = Described(
    operation_id="listKeys",
    summary="The public keys of our tokens",
    description="A set of JSON Web Keys (RFC 7517). A new one is here before the first token is signed with it.",
    tags=TAGS,
    answer=PublicKeys(
        keys=[{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "1"}]
    ),
    media_type="application/jwk-set+json",
)
