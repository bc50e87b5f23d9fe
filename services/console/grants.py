"""What somebody who signed in was given: the token that the APIs are asked with, and what it says."""

from datetime import datetime
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from services.chassis.identity import Principal, Role


class Grant(BaseModel):
    """An access token, and how to get the next one."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    access_token: str
    refresh_token: str | None = None
    user: str
    """Who they are for whoever signed them in: the provider's `sub`, or a demo user's name."""
    subject: str
    """The access token's `sub`, as the APIs know them."""
    organisation: str
    role: Role
    scopes: frozenset[str]
    expires_at: datetime

    @classmethod
    def of(cls, principal: Principal, access_token: str, user: str, refresh_token: str | None = None) -> "Grant":
        """With what the verified access token says."""
        assert principal.expires_at is not None, "every token ends"  # noqa: S101 - the verifier asks for `exp`
        return cls(
            access_token=access_token,
            refresh_token=refresh_token,
            user=user,
            subject=principal.subject,
            organisation=principal.organisation,
            role=principal.role,
            scopes=principal.scopes,
            expires_at=principal.expires_at,
        )


class Renewer(Protocol):
    """Gives the next access token."""

    async def renew(self, grant: Grant, /) -> Grant:
        """A new grant for the same user.

        Raises SignInFailed when there is none any more, and Unavailable when that cannot be told now.
        """
        ...
