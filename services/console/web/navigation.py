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

ITEMS: Mapping[Role, Sequence[Item]] = {
    Role.COORDINATOR: (_INBOX,),
    Role.HELPDESK: (_INBOX,),
}


def of(role: Role | None) -> Sequence[Item]:
    """Where this role can go; nobody goes nowhere."""
    return () if role is None else ITEMS.get(role, ())
