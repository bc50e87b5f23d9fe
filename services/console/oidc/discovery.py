"""Where everything is at the identity provider: its discovery document (OpenID Connect Discovery 1.0)."""

from datetime import datetime, timedelta

import structlog
from authlib.oidc.discovery import get_well_known_url
from pydantic import BaseModel, ConfigDict

from services.chassis.clock import Clock
from services.chassis.identity import ALGORITHMS, RemoteKeys
from services.chassis.identity.remote_keys import checked_address
from services.console.failures import Reason, SignInFailed
from services.console.oidc.questions import Questions

log = structlog.get_logger(__name__)

REFRESH = timedelta(hours=1)
KEEP = timedelta(hours=12)
"""How long a document is used when there is no newer one."""
FOUND = 200
S256 = "S256"


class Metadata(BaseModel):
    """What we use of it."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True, frozen=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    code_challenge_methods_supported: list[str] = [S256]
    """Not every provider that knows PKCE says so."""
    authorization_response_iss_parameter_supported: bool = False


class Discovery:
    """The document of one issuer, fetched when it is needed and kept for an hour; and the issuer's keys."""

    def __init__(self, issuer: str, questions: Questions, clock: Clock) -> None:
        self._issuer = issuer
        self._questions = questions
        self._clock = clock
        self._metadata: Metadata | None = None
        self._fetched_at: datetime | None = None
        self._keys: tuple[str, RemoteKeys] | None = None

    @property
    def known(self) -> Metadata | None:
        """What was fetched last."""
        return self._metadata

    async def metadata(self) -> Metadata:
        """Where everything is. Raises SignInFailed when that is not known."""
        now, known, fetched_at = self._clock(), self._metadata, self._fetched_at
        if known is not None and fetched_at is not None and now - fetched_at < REFRESH:
            return known
        try:
            self._metadata = await self._fetch()
        except SignInFailed as failure:
            log.warning("provider-not-discovered", reason=failure.reason.value, detail=failure.detail)
            if known is None or fetched_at is None or now - fetched_at > KEEP:
                raise
            return known
        self._fetched_at = now
        return self._metadata

    async def keys(self) -> RemoteKeys:
        """The provider's keys, as they were half a minute ago or later. Raises SignInFailed."""
        url = (await self.metadata()).jwks_uri
        if self._keys is None or self._keys[0] != url:
            self._keys = (url, RemoteKeys(url, self._clock, algorithms=ALGORITHMS))
        # So few sign in that each may ask; within the pause of these keys, it does not.
        await self._keys[1].look_again()
        return self._keys[1]

    async def _fetch(self) -> Metadata:
        answer = await self._questions.get(get_well_known_url(self._issuer, external=True))
        if answer.status != FOUND:
            raise SignInFailed(Reason.PROVIDER_WRONG, f"its discovery document is not there: status {answer.status}")
        try:
            metadata = Metadata.model_validate(answer.document)
            for address in (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri):
                checked_address(address)
        except ValueError:
            raise SignInFailed(Reason.PROVIDER_WRONG, "its discovery document lacks what it must have") from None
        if metadata.issuer != self._issuer:
            raise SignInFailed(Reason.PROVIDER_WRONG, "its discovery document is that of another issuer")
        if S256 not in metadata.code_challenge_methods_supported:
            raise SignInFailed(Reason.PROVIDER_WRONG, "does not support PKCE with S256")
        return metadata
