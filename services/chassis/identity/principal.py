"""Who asks: what a verified access token says about its bearer."""

from dataclasses import dataclass
from datetime import datetime

from schemas.access import Role

__all__ = ["Principal", "Role"]


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated client. It acts for one organisation and may see and change only what that one owns."""

    subject: str
    organisation: str
    role: Role
    scopes: frozenset[str]
    expires_at: datetime | None = None
    """When the token expires; a live stream ends then."""
    oin: str | None = None
    """The OIN in the certificate that the client showed, where a proxy hands these on."""
