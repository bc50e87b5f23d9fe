"""What a subscription selects of its organisation's notifications."""

from dataclasses import dataclass
from uuid import UUID

TEST = "subscription-test"
DEAD = "delivery-dead"
FAILING = "subscription-failing"
DISABLED = "subscription-disabled"
ABOUT_A_CASE = "reflection-period-ending"
"""Its subject is the recipient's reference to the case."""
ABOUT_SUBSCRIPTIONS = frozenset({TEST, DEAD, FAILING, DISABLED})
"""What this service itself has to say; their subject is the subscription."""


@dataclass(frozen=True, slots=True)
class Filing:
    """Under what its recipient files an offer: the list, where the household looks first, and their own reference."""

    waitlist: str
    region: str | None
    case_id: UUID


@dataclass(frozen=True, slots=True)
class Selection:
    """Kinds, lists, regions and cases; where nothing is named, everything is meant.

    What it is not known of comes: who chooses must not miss what nobody could file.
    """

    subscription_id: UUID
    kinds: frozenset[str]
    list_kinds: frozenset[str]
    waitlists: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    cases: frozenset[UUID] = frozenset()

    @property
    def looks_at_filing(self) -> bool:
        """Whether it needs to know under what offers are filed."""
        return bool(self.waitlists or self.regions or self.cases)

    def has(self, kind: str, subject: UUID, list_kind: str | None, filing: Filing | None = None) -> bool:
        """Whether this is to be delivered."""
        if kind == TEST:
            return subject == self.subscription_id
        if kind in ABOUT_SUBSCRIPTIONS and subject == self.subscription_id:
            # What is wrong with a way is told by the others.
            return False
        of_list = not self.list_kinds or list_kind is None or list_kind in self.list_kinds
        return of_list and (not self.kinds or kind in self.kinds) and self._has_filed(kind, subject, filing)

    def _has_filed(self, kind: str, subject: UUID, filing: Filing | None) -> bool:
        if kind == ABOUT_A_CASE:
            return not self.cases or subject in self.cases
        if filing is None:
            return True
        in_region = not self.regions or filing.region is None or filing.region in self.regions
        in_list = not self.waitlists or filing.waitlist in self.waitlists
        return in_region and in_list and (not self.cases or filing.case_id in self.cases)
