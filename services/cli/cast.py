"""Who plays in the sample and the demo: organisations, their roles, and a token for each."""

from collections.abc import Mapping

import aiohttp

from doorstroom_client import Client, Endpoints
from services.chassis.identity import DevelopmentIssuer, Role

_NOTIFIED = ("notifications:read", "notifications:subscribe")
SCOPES: Mapping[Role, tuple[str, ...]] = {
    Role.COORDINATOR: ("registry:read", "registry:write", "registry:personal-data", *_NOTIFIED),
    Role.HELPDESK: (
        *("registry:read", "registry:write", "registry:personal-data"),
        *("shelters:read", "shelters:write", "municipalities:read", "municipalities:write"),
        *(*_NOTIFIED, "notifications:write"),
    ),
    Role.PROVIDER: ("shelters:read", "shelters:write", *_NOTIFIED),
    Role.MUNICIPALITY: ("municipalities:read", "municipalities:write"),
    Role.AUDITOR: ("municipalities:read", "notifications:read", "registry:read", "shelters:read"),
    Role.OPERATOR: (
        "shelters:manage",
        "shelters:read",
        "shelters:write",
        "municipalities:manage",
        "municipalities:read",
        "municipalities:write",
        "notifications:read",
        "notifications:write",
        "registry:read",
        "registry:write",
    ),
}

TOKEN_SECONDS = 6 * 3600
"""As long as the OAuth NL GOV profile allows."""


class Cast:
    """Clients for every organisation in the sample, with tokens of the development issuer."""

    def __init__(self, issuer: DevelopmentIssuer, session: aiohttp.ClientSession, endpoints: Endpoints) -> None:
        self._issuer = issuer
        self._session = session
        self.endpoints = endpoints

    def token(self, organisation: str, role: Role) -> str:
        """A token for a system of this organisation."""
        return self._issuer.issue(f"{organisation}-system", organisation, role, SCOPES[role], TOKEN_SECONDS)

    def client(self, organisation: str, role: Role) -> Client:
        """A client that acts for this organisation."""
        return Client(self._session, self.endpoints, self.token(organisation, role))

    def coordinator(self, organisation: str) -> Client:
        """A care coordinator's client."""
        return self.client(organisation, Role.COORDINATOR)

    def provider(self, organisation: str) -> Client:
        """A shelter provider's client."""
        return self.client(organisation, Role.PROVIDER)

    def municipality(self, code: str) -> Client:
        """A municipality's client."""
        return self.client(code, Role.MUNICIPALITY)

    def operator(self) -> Client:
        """The operator's client."""
        return self.client("comensha", Role.OPERATOR)
