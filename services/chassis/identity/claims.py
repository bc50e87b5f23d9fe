"""What an issuer calls the claims that we look at, and its words for our roles."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.chassis.identity.principal import Role

ROLES_LIMIT = 100


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """Where a token says for whom it is.

    A name is that of a claim, or a path to one inside others with full stops in between (`realm_access.roles`).
    """

    organisation: str = "org"
    role: str = "role"
    scope: str = "scope"
    roles: Mapping[str, Role] = field(default_factory=dict)
    """Our role for each of the issuer's words. Without any, its words are ours."""

    @classmethod
    def from_words(cls, organisation: str, role: str, scope: str, roles: str) -> "ClaimNames":
        """With `roles` as `word=role`, with spaces in between. Raises ValueError when one is not of that form."""
        pairs = [word.rpartition("=") for word in roles.split()]
        if any(not word or ours not in set(Role) for word, _, ours in pairs):
            message = f"give word=role, with spaces in between; the roles are {', '.join(Role)}"
            raise ValueError(message)
        return cls(organisation, role, scope, {word: Role(ours) for word, _, ours in pairs})

    def read(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        """The claims under our names; what is in no form that could be right is left out, and then found missing."""
        scope = _found(claims, self.scope)
        read = {
            **claims,
            # RFC 9068 has the client in `client_id`, OAuth NL GOV in `azp`.
            "azp": claims.get("azp", claims.get("client_id")),
            "org": _found(claims, self.organisation),
            "role": self._role(_found(claims, self.role)),
            "scope": scope if self.scope == "scope" else _joined(scope),
        }
        return {name: value for name, value in read.items() if value is not None}

    def _role(self, said: object) -> str | None:
        """The one role of all that are said. Of two, nobody could say which is meant: that is none."""
        words = said[:ROLES_LIMIT] if isinstance(said, list) else [said]
        ours = self.roles or {role.value: role for role in Role}
        meant = {ours[word] for word in words if isinstance(word, str) and word in ours}
        return meant.pop().value if len(meant) == 1 else None


def _joined(scope: object) -> object:
    """Scopes, which some issuers give in a list when they give them under another name than RFC 9068 does."""
    is_list = isinstance(scope, list) and all(isinstance(word, str) for word in scope)
    return " ".join(scope[:ROLES_LIMIT]) if is_list else scope  # type: ignore[index] # a list


def _found(claims: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - any JSON value
    if name in claims:
        return claims[name]
    value: Any = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
