"""The authorization code flow with PKCE: there, back, and for a next token (OpenID Connect Core 1.0, RFC 9700)."""

import asyncio
import hmac
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from pydantic import BaseModel, ConfigDict
from yarl import URL

from services.chassis.clock import Clock
from services.chassis.errors import Unauthenticated, Unavailable
from services.chassis.identity import TokenVerifier
from services.console.failures import Reason, SignInFailed
from services.console.grants import Grant
from services.console.oidc.discovery import FOUND, S256, Discovery, Metadata
from services.console.oidc.id_tokens import Expected, subject_of
from services.console.oidc.proof import ClientProof
from services.console.oidc.questions import Questions

TOKEN_LIMIT = 8 * 1024
FOLLOW_SECONDS = 60.0
PARAMETER_LIMIT = 4096
RETURN_PATH = "/sign-in/return"
SIGNED_OUT_PATH = "/signed-out"
_AWAY = frozenset({"temporarily_unavailable", "server_error"})
_STOPPED = frozenset({"access_denied", "login_required", "interaction_required", "consent_required"})


class Pending(BaseModel):
    """A sign-in that was begun: what only this browser and we know of it."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    state: str
    nonce: str
    verifier: str
    leads_to: str
    """Where they go afterwards."""

    @classmethod
    def new(cls, leads_to: str, new_secret: Callable[[], str]) -> "Pending":
        """With fresh secrets, of 256 bits each."""
        state, nonce, verifier = (new_secret() for _ in range(3))
        return cls(state=state, nonce=nonce, verifier=verifier, leads_to=leads_to)


@dataclass(frozen=True, slots=True)
class Registration:
    """What the provider knows the console by, and what is asked of it."""

    issuer: str
    client_id: str
    proof: ClientProof
    scopes: str
    resource: str | None
    leeway_seconds: int


class Provider:
    """An identity provider, and the console's part in its protocol."""

    def __init__(
        self,
        registration: Registration,
        questions: Questions,
        verifier: TokenVerifier,
        clock: Clock,
    ) -> None:
        """`verifier` knows which access tokens the APIs accept."""
        self._registration = registration
        self._questions = questions
        self._verifier = verifier
        self._clock = clock
        self._discovery = Discovery(registration.issuer, questions, clock)

    async def begin(self, pending: Pending, address: str) -> str:
        """Where the browser goes, to sign in there. Raises SignInFailed."""
        metadata = await self._discovery.metadata()
        registration = self._registration
        challenge: str = create_s256_code_challenge(pending.verifier)  # type: ignore[no-untyped-call] # the stubs lack it
        address_there: str = prepare_grant_uri(
            metadata.authorization_endpoint,
            registration.client_id,
            "code",
            redirect_uri=address + RETURN_PATH,
            scope=registration.scopes,
            state=pending.state,
            nonce=pending.nonce,
            code_challenge=challenge,
            code_challenge_method=S256,
            resource=registration.resource,
        )
        return address_there

    async def finish(self, query: Mapping[str, str], pending: Pending, address: str) -> Grant:
        """What they get, who came back with these parameters. Raises SignInFailed."""
        metadata = await self._discovery.metadata()
        code = _code(query, pending, metadata)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": address + RETURN_PATH,
            "code_verifier": pending.verifier,
        }
        answer = await self._tokens(metadata, form)
        user = await self._user(answer, pending.nonce)
        return await self._grant(answer, user, None)

    async def renew(self, grant: Grant) -> Grant:
        """The next access token. Raises SignInFailed or Unavailable; see `Renewer`."""
        try:
            return await self._renewed(grant)
        except SignInFailed as failure:
            if failure.reason is Reason.PROVIDER_AWAY:
                raise Unavailable("The identity provider does not answer at the moment; try again later.") from failure
            raise

    async def _renewed(self, grant: Grant) -> Grant:
        if grant.refresh_token is None:
            raise SignInFailed(Reason.OVER, "the provider gave no refresh token")
        metadata = await self._discovery.metadata()
        answer = await self._tokens(metadata, {"grant_type": "refresh_token", "refresh_token": grant.refresh_token})
        # A renewal need not have an identity token; where it has, it must be the same person's.
        if "id_token" in answer and await self._user(answer, None) != grant.user:
            raise SignInFailed(Reason.PROVIDER_WRONG, "the renewed identity token is somebody else's")
        return await self._grant(answer, grant.user, grant.refresh_token)

    async def follow(self) -> None:
        """Know where everything is before somebody asks, and again and again, until cancelled."""
        while True:
            with suppress(SignInFailed):
                await self._discovery.metadata()
            await asyncio.sleep(FOLLOW_SECONDS)

    @property
    def origin(self) -> str | None:
        """Where the browser is sent at the end; None while that is not known, or there is no such place."""
        metadata = self._discovery.known
        return None if metadata is None or not metadata.end_session_endpoint else _origin(metadata.end_session_endpoint)

    def leave(self, address: str) -> str | None:
        """Where the browser goes, to sign out there too (RP-Initiated Logout 1.0); None where that cannot be.

        With the client's name instead of the identity token: that would be in the browser's history, with what it says.
        """
        metadata = self._discovery.known
        if metadata is None or metadata.end_session_endpoint is None:
            return None
        back = {"client_id": self._registration.client_id, "post_logout_redirect_uri": address + SIGNED_OUT_PATH}
        return str(URL(metadata.end_session_endpoint).update_query(back))

    async def _tokens(self, metadata: Metadata, form: Mapping[str, str]) -> Mapping[str, Any]:
        registration = self._registration
        resource = {} if registration.resource is None else {"resource": registration.resource}
        proof = registration.proof.give(metadata.issuer)
        question = {**form, **resource, **proof.form}
        answer = await self._questions.post(metadata.token_endpoint, question, proof.authorization)
        if answer.status == FOUND:
            return answer.document
        if answer.document.get("error") == "invalid_grant":
            raise SignInFailed(Reason.OVER, "the provider does not accept this code or token any more")
        raise SignInFailed(Reason.PROVIDER_WRONG, f"its token endpoint refuses: status {answer.status}")

    async def _user(self, answer: Mapping[str, Any], nonce: str | None) -> str:
        registration = self._registration
        access_token = _token(answer, "access_token")
        expected = Expected(
            registration.issuer, registration.client_id, access_token, nonce, registration.leeway_seconds
        )
        return subject_of(_token(answer, "id_token"), await self._discovery.keys(), expected, self._now())

    async def _grant(self, answer: Mapping[str, Any], user: str, refresh_token: str | None) -> Grant:
        if str(answer.get("token_type", "")).lower() != "bearer":
            raise SignInFailed(Reason.PROVIDER_WRONG, "its access token is not a bearer token")
        access_token = _token(answer, "access_token")
        if answer.get("refresh_token") is not None:
            refresh_token = _token(answer, "refresh_token")
        try:
            principal = await self._verifier.authenticate(access_token, self._now())
        except Unauthenticated as refusal:
            raise SignInFailed(Reason.NO_ACCESS, refusal.detail) from None
        except Unavailable as refusal:
            raise SignInFailed(Reason.PROVIDER_AWAY, refusal.detail) from None
        return Grant.of(principal, access_token, user, refresh_token)

    def _now(self) -> datetime:
        return self._clock()


def _code(query: Mapping[str, str], pending: Pending, metadata: Metadata) -> str:
    """The code, when it came from this provider and for this sign-in. Raises SignInFailed."""
    if not hmac.compare_digest(query.get("state", "").encode(), pending.state.encode()):
        raise SignInFailed(Reason.NOT_BEGUN, "the state is another sign-in's")
    issuer = query.get("iss")
    # RFC 9207: else one provider could hand us on to another.
    if issuer != metadata.issuer and (issuer is not None or metadata.authorization_response_iss_parameter_supported):
        raise SignInFailed(Reason.PROVIDER_WRONG, "the answer came from another issuer")
    error = query.get("error")
    if error is not None:
        reason = Reason.STOPPED if error in _STOPPED else Reason.PROVIDER_WRONG
        known = error if error in _STOPPED | _AWAY else "another error"
        raise SignInFailed(Reason.PROVIDER_AWAY if error in _AWAY else reason, f"the provider says {known}")
    code = query.get("code", "")
    if not 0 < len(code) <= PARAMETER_LIMIT:
        raise SignInFailed(Reason.PROVIDER_WRONG, "the provider gave no code")
    return code


def _token(answer: Mapping[str, Any], name: str) -> str:
    token = answer.get(name)
    if not isinstance(token, str) or not 0 < len(token) <= TOKEN_LIMIT:
        raise SignInFailed(Reason.PROVIDER_WRONG, f"it answered without a usable {name}")
    return token


def _origin(url: str) -> str:
    return str(URL(url).origin())
