"""Where each role can go, the most used first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.chassis.identity import Role
from services.console.web.texts import later


@dataclass(frozen=True, slots=True)
class Item:
    """A page in the navigation."""

    path: str
    text: str


_INBOX = Item("/inbox", later("Inbox"))
_CASES = Item("/cases", later("My cases"))
_BEDS = Item("/beds", later("Places"))
_SLOTS = Item("/slots", later("Homes"))
_CHAIN = Item("/chain", later("The chain"))
_QUARANTINE = Item("/quarantine", later("Quarantine"))
_AUDIT = Item("/audit", later("Audit log"))
_FIGURES = Item("/figures", later("Figures"))
_DECISIONS = Item("/decisions", later("Decisions"))
_DELIVERIES = Item("/deliveries", later("Deliveries"))
_DRAWS = Item("/draws", later("Draws"))
_QUOTA = Item("/quota", later("Task"))

ITEMS: Mapping[Role, Sequence[Item]] = {
    Role.COORDINATOR: (_INBOX, _CASES),
    Role.HELPDESK: (_INBOX, _CASES, _CHAIN, _FIGURES, _DELIVERIES, _DRAWS, _QUARANTINE, _AUDIT),
    Role.PROVIDER: (_BEDS, _FIGURES),
    Role.MUNICIPALITY: (_SLOTS, _QUOTA),
    Role.AUDITOR: (_CHAIN, _FIGURES, _DECISIONS, _QUOTA, _DRAWS, _QUARANTINE, _AUDIT),
    Role.OPERATOR: (_QUOTA, _FIGURES, _QUARANTINE, _AUDIT),
}


def of(role: Role | None) -> Sequence[Item]:
    """Where this role can go; nobody goes nowhere."""
    return () if role is None else ITEMS[role]
