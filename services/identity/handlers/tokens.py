"""Gives a registered client an access token: client credentials, proved by an assertion that is used once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from schemas.api.identity import ASSERTION_TYPE, GRANT_TYPE
from services.chassis.audit import Action, Journal, Result
from services.chassis.database import UniqueViolation
from services.chassis.identity import ClientCertificate
from services.chassis.identity.keys import verification_key
from services.chassis.identity.verifier import THUMBPRINT
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.chassis.web.auditing import asked_in
from services.identity import store
from services.identity.handlers import assertions
from services.identity.handlers.errors import (
    InvalidClient,
    InvalidRequest,
    InvalidScope,
    OAuthError,
    TooMany,
    UnsupportedGrantType,
)
from services.identity.handlers.signing import SigningKeys
from services.identity.store import SHORTEST_MEMORY, Client

log = structlog.get_logger(__name__)

ISSUE = "issueToken"
RATE_WINDOW = timedelta(minutes=1)
ASSERTION_LIMIT_CHARACTERS = 8 * 1024
SCOPE_LIMIT_CHARACTERS = 2048


@dataclass(frozen=True, slots=True)
class Terms:
    """What tokens are given for, and how many."""

    issuer: str
    audience: str
    lifetime_seconds: int
    per_minute: int
    """How many tokens a client gets."""
    requests_per_minute: int
    """How often an address may ask."""

    @property
    def has_address(self) -> bool:
        """Whether the issuer's name is where it can be reached."""
        return self.issuer.startswith(("https://", "http://"))

    @property
    def addressees(self) -> frozenset[str]:
        """Whom an assertion may be made for: this server by its name, or this endpoint by its address."""
        return frozenset({self.issuer, f"{self.issuer}/token"} if self.has_address else {self.issuer})


@dataclass(frozen=True, slots=True)
class Issued:
    """A token, and what it is good for."""

    access_token: str
    expires_in: int
    scope: str


class TokenEndpoint:
    """Gives a token to whoever proves to be a registered client."""

    def __init__(self, transactions: Transactions, journal: Journal, keys: SigningKeys, terms: Terms) -> None:
        self._transactions = transactions
        self._journal = journal
        self._keys = keys
        self._terms = terms

    async def issue(self, form: Mapping[str, str], certificate: ClientCertificate | None = None) -> Issued:
        """A token for whoever proves to be a registered client; bound to the certificate, if one was shown.

        Raises OAuthError or Unavailable.
        """
        assertion = _assertion(form)
        client_id = assertions.claimed_client(assertion)
        if form.get("client_id", client_id) != client_id:
            raise InvalidRequest("`client_id` must be the one of the client assertion, or left out.")
        signer = await self._keys.signer()
        claims = await self._proved(client_id, assertion, form.get("scope"))
        if certificate is not None:
            claims["cnf"] = {THUMBPRINT: certificate.thumbprint}
        log.info("token-issued", client=client_id, role=claims["role"], bound=certificate is not None)
        return Issued(signer.sign(claims), self._terms.lifetime_seconds, claims["scope"])

    async def note_refusal(self, refusal: OAuthError) -> None:
        """A line in the audit log. Only a client that there is is named: what a request claims may be anything.

        Raises Unavailable.
        """
        claimed = refusal.claimed_client
        client = None if claimed is None else await self._transactions.read(partial(_find, claimed))
        objects = {} if client is None else {"client": client.id}
        await self._journal.record(Action(ISSUE, Result.REFUSED, refusal.status, objects, **asked_in()))

    async def _proved(self, client_id: str, assertion: str, scope: str | None) -> dict[str, Any]:
        """What the token says. Raises OAuthError, with whose it says to be."""
        try:
            return await self._transactions.run(lambda unit: self._claims(unit, client_id, assertion, scope))
        except UniqueViolation:
            refusal: OAuthError = InvalidClient(
                "The client assertion was used before: make a new one, with another `jti`."
            )
        except OAuthError as error:
            refusal = error
        refusal.claimed_client = client_id
        raise refusal

    async def _claims(self, unit: UnitOfWork, client_id: str, assertion: str, scope: str | None) -> dict[str, Any]:
        """What the token says. Raises OAuthError, or UniqueViolation when the assertion was used before."""
        client = await self._authenticate(unit, client_id, assertion)
        granted = _granted(client, scope)
        by: dict[str, Any] = {"subject": client.id, "organisation": client.organisation, "role": client.role}
        await self._journal.note(unit, Action(ISSUE, Result.DONE, 200, **by, **asked_in()))
        now = int(unit.now.timestamp())
        return {
            "iss": self._terms.issuer,
            "aud": self._terms.audience,
            "sub": client.id,
            "azp": client.id,
            "client_id": client.id,
            "jti": str(unit.identifiers()),
            "iat": now,
            "nbf": now,
            "exp": now + self._terms.lifetime_seconds,
            "org": client.organisation,
            "role": client.role,
            "scope": granted,
        }

    async def _authenticate(self, unit: UnitOfWork, client_id: str, assertion: str) -> Client:
        client = await store.find_client(unit, client_id)
        if client is None or client.revoked_at is not None:
            assertions.refuse_unknown()
        stored = await store.keys_of(unit, client_id)
        keys = [key for one in stored if (key := verification_key({**one.jwk, "kid": one.id})) is not None]
        proof = assertions.verify(assertion, client_id, keys, self._terms.addressees, unit.now)
        if await store.used_since(unit, client_id, unit.now - RATE_WINDOW) >= self._terms.per_minute:
            raise TooMany("Use the token that you have until it expires.")
        forget_at = max(proof.usable_until, unit.now + SHORTEST_MEMORY)
        await store.use_assertion(unit, client_id, proof.jti, forget_at)
        return client


async def _find(client_id: str, unit: UnitOfWork) -> Client | None:
    return await store.find_client(unit, client_id)


def _assertion(form: Mapping[str, str]) -> str:
    if "client_secret" in form:
        raise InvalidRequest("Clients have no secret here: send `client_assertion`, signed with the private key.")
    grant_type = form.get("grant_type")
    if grant_type is None:
        raise InvalidRequest("`grant_type` is required.")
    if grant_type != GRANT_TYPE:
        raise UnsupportedGrantType(f"The only `grant_type` is {GRANT_TYPE}.")
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise InvalidRequest(f"`client_assertion_type` must be {ASSERTION_TYPE}.")
    assertion = form.get("client_assertion", "")
    if not 1 <= len(assertion) <= ASSERTION_LIMIT_CHARACTERS:
        raise InvalidRequest("`client_assertion` is required, of at most 8 KiB.")
    return assertion


def _granted(client: Client, scope: str | None) -> str:
    """What was asked for, when the client was registered for all of it; without a question, all."""
    if scope is None:
        return " ".join(client.scopes)
    asked = sorted(set(scope.split()))
    if not asked or len(scope) > SCOPE_LIMIT_CHARACTERS or not set(asked) <= set(client.scopes):
        raise InvalidScope("`scope` must name scopes that the client is registered for, with spaces in between.")
    return " ".join(asked)
