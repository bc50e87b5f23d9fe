"""Users that anybody on this machine may be, to try the console without an identity provider. Never for production."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.chassis.clock import Clock
from services.chassis.identity import DevelopmentIssuer, Principal, Role
from services.console.failures import Reason, SignInFailed
from services.console.grants import Grant

LIFETIME_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class DemoUser:
    """Somebody to be."""

    name: str
    """For the address bar and the list; `demo-` and this is the token's `sub`."""
    title: str
    """What their organisation is called."""
    organisation: str
    role: Role
    scopes: tuple[str, ...]


class DemoUsers:
    """The users there are, and their tokens from the development issuer."""

    def __init__(self, issuer: DevelopmentIssuer, users: Sequence[DemoUser], clock: Clock) -> None:
        self._issuer = issuer
        self.users = tuple(users)
        self._clock = clock

    def by_role(self) -> dict[Role, list[DemoUser]]:
        """The users of each role, in order."""
        return {role: [user for user in self.users if user.role is role] for role in Role}

    def grant(self, name: str) -> Grant:
        """What this user is given. Raises SignInFailed when there is none of this name."""
        user = next((user for user in self.users if user.name == name), None)
        if user is None:
            raise SignInFailed(Reason.NOT_BEGUN, "there is no such demo user")
        subject = f"demo-{user.name}"
        token = self._issuer.issue(subject, user.organisation, user.role, user.scopes, LIFETIME_SECONDS)
        expires_at = datetime.fromtimestamp(int(self._clock().timestamp()) + LIFETIME_SECONDS, self._clock().tzinfo)
        principal = Principal(subject, user.organisation, user.role, frozenset(user.scopes), expires_at)
        return Grant.of(principal, token, user.name)

    async def renew(self, grant: Grant) -> Grant:
        """The same again."""
        return self.grant(grant.user)
