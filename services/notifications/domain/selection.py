"""What a subscription selects of its organisation's notifications."""

from dataclasses import dataclass
from uuid import UUID

TEST = "subscription-test"
DEAD = "delivery-dead"
FAILING = "subscription-failing"
DISABLED = "subscription-disabled"
ABOUT_SUBSCRIPTIONS = frozenset({TEST, DEAD, FAILING, DISABLED})
"""What this service itself has to say; their subject is the subscription."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Kinds and lists; where nothing is named, everything is meant."""

    subscription_id: UUID
    kinds: frozenset[str]
    list_kinds: frozenset[str]

    def has(self, kind: str, subject: UUID, list_kind: str | None) -> bool:
        """Whether this is to be delivered."""
        if kind == TEST:
            return subject == self.subscription_id
        if kind in ABOUT_SUBSCRIPTIONS and subject == self.subscription_id:
            # What is wrong with a way is told by the others.
            return False
        of_list = not self.list_kinds or list_kind is None or list_kind in self.list_kinds
        return of_list and (not self.kinds or kind in self.kinds)
