"""The token endpoint over HTTP, as OAuth describes it: tokens, public keys, and where everything is."""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

import structlog
from aiohttp import web
from limits import RateLimitItemPerMinute

from schemas.api.identity import GRANT_TYPE
from services.chassis.clock import Clock
from services.chassis.errors import DoorstroomError, Unauthenticated, Unavailable
from services.chassis.identity import ALGORITHMS
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Api, Contact, PlainRoute
from services.chassis.web.certificates import Certificates
from services.chassis.web.problems import MEDIA_TYPE as PROBLEM
from services.chassis.web.rates import Counted
from services.identity import description
from services.identity.handlers.errors import Busy, InvalidRequest, OAuthError, TooMany
from services.identity.handlers.signing import SigningKeys
from services.identity.handlers.tokens import ISSUE, Issued, Terms, TokenEndpoint

log = structlog.get_logger(__name__)

BASE = "/identity/v1"
FORM = "application/x-www-form-urlencoded"
BODY_LIMIT_BYTES = 16 * 1024
PARAMETERS_LIMIT = 20
AT_ONCE_LIMIT = 32
"""Requests that are answered at once; who comes beside them is sent away, before anything is computed for them."""


def api(
    endpoint: TokenEndpoint,
    keys: SigningKeys,
    terms: Terms,
    certificates: Certificates,
    clock: Clock,
    contact: Contact,
) -> Api[UnitOfWork]:
    """The token endpoint's routes. OAuth describes what is in them: there are no operations beside."""
    return Api(
        name="identity",
        title="doorstroom identity",
        description="Access tokens for systems whose organisation has no identity provider of its own.",
        version="1.0.0",
        base_path=BASE,
        operations=(),
        access={},
        contact=contact,
        plain=_plain(Routes(endpoint, keys, terms, certificates, clock), terms),
    )


def _plain(routes: "Routes", terms: Terms) -> tuple[PlainRoute, ...]:
    always = (
        PlainRoute("POST", f"{BASE}/token", routes.token, description.TOKEN),
        PlainRoute("GET", f"{BASE}/jwks", routes.jwks, description.KEYS),
    )
    if not terms.has_address:
        return always
    # RFC 8414, section 3.1: the path of the issuer comes after the well-known part.
    return (*always, PlainRoute("GET", f"/.well-known/oauth-authorization-server{BASE}", routes.metadata))


class Routes:
    """Reads requests and writes answers."""

    def __init__(
        self, endpoint: TokenEndpoint, keys: SigningKeys, terms: Terms, certificates: Certificates, clock: Clock
    ) -> None:
        self._certificates = certificates
        self._endpoint = endpoint
        self._keys = keys
        self._terms = terms
        self._running = 0
        self._counted = Counted(clock)
        self._limit = RateLimitItemPerMinute(terms.requests_per_minute, namespace="address")

    async def token(self, request: web.Request) -> web.Response:
        """An access token, or OAuth's word for why there is none (RFC 6749, sections 5.1 and 5.2)."""
        try:
            issued = await self._token(request)
        except OAuthError as error:
            return await self._refused(request, error)
        except Unauthenticated as error:
            return await self._refused(request, InvalidRequest(error.detail))
        except Unavailable as error:
            return _refusal(request, Busy(error.detail))
        document = {"access_token": issued.access_token, "token_type": "Bearer"}
        return _json({**document, "expires_in": issued.expires_in, "scope": issued.scope})

    async def _refused(self, request: web.Request, error: OAuthError) -> web.Response:
        """Without the database the answer is the same: it has given nothing."""
        if error.is_noted:
            try:
                await self._endpoint.note_refusal(error)
            except DoorstroomError as problem:
                log.exception("audit-not-written", operation=ISSUE, reason=problem.detail)
        return _refusal(request, error)

    async def _token(self, request: web.Request) -> Issued:
        self._check_rate(request)
        if self._running >= AT_ONCE_LIMIT:
            raise Busy("Too much is asked at once; try again later.")
        self._running += 1
        try:
            return await self._endpoint.issue(await _form(request), self._certificates.of(request))
        finally:
            self._running -= 1

    def _check_rate(self, request: web.Request) -> None:
        """Before anything is read: who asks is not known yet, but from where. Raises TooMany."""
        address = request.remote or ""
        if not self._counted.hit(self._limit, address):
            too_many = TooMany("Use the token that you have until it expires.")
            too_many.retry_after_seconds = self._counted.wait_seconds(self._limit, address)
            raise too_many

    async def jwks(self, _request: web.Request) -> web.Response:
        """The public keys of our tokens (RFC 7517)."""
        return _json(await self._keys.document(), media_type="application/jwk-set+json")

    async def metadata(self, _request: web.Request) -> web.Response:
        """Where everything is, and what is accepted (RFC 8414)."""
        issuer = self._terms.issuer
        document = {
            "issuer": issuer,
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/jwks",
            "grant_types_supported": [GRANT_TYPE],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "tls_client_certificate_bound_access_tokens": self._certificates.header is not None,
            "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        }
        return _json(document)


async def _form(request: web.Request) -> Mapping[str, str]:
    """The parameters of the body. Raises InvalidRequest."""
    if request.query_string:
        raise InvalidRequest("Send everything in the body: what is in an address ends up in logs.")
    if "Authorization" in request.headers:
        raise InvalidRequest("Send `client_assertion` in the body, and no Authorization header.")
    if request.content_type != FORM or "Content-Encoding" in request.headers:
        raise InvalidRequest(f"Send {FORM}, uncompressed.")
    pairs = _pairs(await _read(request))
    form = dict(pairs)
    if len(form) != len(pairs):
        raise InvalidRequest("Each parameter may be there once.")
    # RFC 6749, section 3.2: a parameter without a value counts as left out, and one that is not known is ignored.
    return {name: value for name, value in form.items() if value}


async def _read(request: web.Request) -> bytes:
    too_large = InvalidRequest(f"Send at most {BODY_LIMIT_BYTES} bytes.")
    if (request.content_length or 0) > BODY_LIMIT_BYTES:
        raise too_large
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise too_large from None
    if len(body) > BODY_LIMIT_BYTES:
        raise too_large
    return body


def _pairs(body: bytes) -> Sequence[tuple[str, str]]:
    try:
        text = body.decode("ascii")
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS_LIMIT)
    except ValueError:
        raise InvalidRequest(f"The body is no {FORM} in UTF-8 with at most {PARAMETERS_LIMIT} parameters.") from None


def _refusal(request: web.Request, error: OAuthError) -> web.Response:
    """In OAuth's form; as a problem document for who accepts that, and not JSON."""
    log.info("token-refused", error=error.error, reason=error.description)
    document: dict[str, object] = {"error": error.error, "error_description": error.description}
    headers = {} if error.retry_after_seconds is None else {"Retry-After": str(error.retry_after_seconds)}
    if request.headers.get("Accept", "").strip() == PROBLEM:
        document = {"type": "about:blank", "title": error.error, "status": error.status, "detail": error.description}
        return _json(document, status=error.status, headers=headers, media_type=PROBLEM)
    return _json(document, status=error.status, headers=headers)


def _json(
    document: Mapping[str, object],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = "application/json",
) -> web.Response:
    # RFC 6749, section 5.1; Cache-Control: no-store is on every answer.
    standing = {"Content-Type": media_type, "Pragma": "no-cache"}
    return web.Response(status=status, body=json.dumps(document).encode(), headers={**standing, **(headers or {})})
