"""Two cases that turn out to be one person: what the survivor keeps, and how it is taken apart again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.registry.domain.model import Entry, EntryState

TAKES_BACK = frozenset({EntryState.WAITING, EntryState.PAUSED, EntryState.WITHDRAWN, EntryState.LAPSED})
"""As long as nothing was offered on the strength of a merger, it can be taken back."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`raised`: the survivor's entries that waited since later, with the earlier moment.

    `missing`: the other one's entries in lists where the survivor does not stand yet.
    """

    raised: Sequence[tuple[Entry, datetime]] = ()
    missing: Sequence[Entry] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """What a merger changed, as it was before: enough to take it back."""

    raised: Sequence[tuple[UUID, datetime]] = field(default_factory=tuple)
    left: Sequence[tuple[UUID, str]] = field(default_factory=tuple)
    joined: Sequence[UUID] = field(default_factory=tuple)


def plan(survivor: Sequence[Entry], merged: Sequence[Entry]) -> Plan:
    """In each list the survivor keeps the earliest waiting-since of both, and joins where only the other one stood."""
    own: Mapping[str, Entry] = {entry.waitlist: entry for entry in survivor}
    raised, missing = list[tuple[Entry, datetime]](), list[Entry]()
    for entry in sorted(merged, key=lambda entry: entry.waitlist):
        mine = own.get(entry.waitlist)
        if mine is None:
            missing.append(entry)
        elif entry.waiting_since < mine.waiting_since:
            raised.append((mine, entry.waiting_since))
    return Plan(raised, missing)


def state_before(entry: Entry) -> EntryState:
    """The state that an entry goes back to: whatever was offered to it went to the next."""
    return EntryState.PAUSED if entry.state is EntryState.PAUSED else EntryState.WAITING
