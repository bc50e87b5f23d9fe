"""What may happen to a household's place in a list, apart from being offered something."""

from dataclasses import dataclass
from datetime import datetime

from services.registry.domain.errors import IllegalTransition
from services.registry.domain.model import LIVE_ENTRY_STATES, Entry, EntryState, PauseReason

CONSEQUENCES = frozenset({PauseReason.DECLINED, PauseReason.REVIEW, PauseReason.CONTACT_REVIEW})
"""Pauses that a refusal or silence led to. They go on where they were left when a household leaves and comes back."""

ANSWER_FIRST = "Answer its offer first; a yes can be taken back until they arrive or are claimed."


@dataclass(frozen=True, slots=True)
class Earlier:
    """How a household's last place in this list was left."""

    silences: int
    pause_reason: PauseReason | None
    paused_until: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """A place in line, apart from what may be offered to it."""

    waiting_since: datetime
    urgency: int = 0
    state: EntryState = EntryState.WAITING
    pause_reason: PauseReason | None = None
    paused_until: datetime | None = None
    silences: int = 0

    @classmethod
    def of(cls, entry: Entry) -> "Line":
        """As it is now."""
        paused = (entry.pause_reason, entry.paused_until)
        return cls(entry.waiting_since, entry.urgency, entry.state, *paused, entry.silences)


def withdraw(entry: Entry) -> None:
    """The household leaves the list. Raises IllegalTransition while it is offered something."""
    if entry.state not in (EntryState.WAITING, EntryState.PAUSED):
        raise IllegalTransition(f"The entry is {entry.state}; only a waiting one can leave. {ANSWER_FIRST}")
    if entry.pause_reason not in CONSEQUENCES:
        _end_pause(entry)
    entry.released = False
    entry.state = EntryState.WITHDRAWN


def come_back(entry: Entry, earlier: Earlier, now: datetime) -> None:
    """A household that was in this list before has been silent as often, and pauses for what is left of its pause."""
    entry.silences = max(entry.silences, earlier.silences)
    is_over = earlier.paused_until is not None and earlier.paused_until <= now
    if earlier.pause_reason in CONSEQUENCES and not is_over:
        pause(entry, earlier.pause_reason, earlier.paused_until)


def pause(entry: Entry, reason: PauseReason, until: datetime | None) -> None:
    """Stand aside, and keep the place; without a moment until somebody resumes it. Raises IllegalTransition."""
    if entry.state not in (EntryState.WAITING, EntryState.PAUSED):
        raise IllegalTransition(f"The entry is {entry.state}; only a waiting one can pause. {ANSWER_FIRST}")
    entry.state, entry.pause_reason, entry.paused_until = EntryState.PAUSED, reason, until


def resume(entry: Entry) -> None:
    """Back in line, where it stood; of one that is released, as soon as that is over. Raises IllegalTransition."""
    if entry.state is not EntryState.PAUSED:
        raise IllegalTransition(f"The entry is {entry.state}; only a paused one can resume.")
    if entry.pause_reason is None:
        raise IllegalTransition("They accepted a place elsewhere; if that falls through, this entry returns by itself.")
    end_pause(entry)


def end_pause(entry: Entry) -> None:
    """What a paused entry was paused for is over; after a contact review the silences before it count no longer."""
    if entry.pause_reason is PauseReason.CONTACT_REVIEW:
        entry.silences = 0
    _end_pause(entry)
    entry.state = EntryState.PAUSED if entry.released else EntryState.WAITING


def release(entry: Entry) -> None:
    """They said yes to a place of another list. A pause of its own goes on. Raises IllegalTransition."""
    if entry.state not in (EntryState.WAITING, EntryState.PAUSED):
        raise IllegalTransition(f"The entry is {entry.state}; only a waiting one can be released.")
    entry.state, entry.released = EntryState.PAUSED, True


def place(entry: Entry) -> None:
    """They are there, whatever they stood aside for."""
    _end_pause(entry)
    entry.released = False
    entry.state = EntryState.PLACED


def take_up_again(entry: Entry) -> None:
    """What they said yes to fell through: a released entry is again what it was without that."""
    entry.released = False
    entry.silences = 0
    entry.state = EntryState.PAUSED if entry.pause_reason is not None else EntryState.WAITING


def is_pause_over(entry: Entry, now: datetime) -> bool:
    """Whether it paused for a time that has passed."""
    return entry.state is EntryState.PAUSED and entry.paused_until is not None and entry.paused_until <= now


def has_lapsed(entry: Entry, now: datetime) -> bool:
    """Whether the right to this kind of shelter has ended while it still stands in line."""
    return entry.state in LIVE_ENTRY_STATES and entry.eligible_until is not None and entry.eligible_until <= now


def lapse(entry: Entry) -> None:
    """The right to this kind of shelter has ended. Raises IllegalTransition while it is offered something."""
    if entry.state not in (EntryState.WAITING, EntryState.PAUSED):
        raise IllegalTransition(f"The entry is {entry.state}; end its offer first.")
    _end_pause(entry)
    entry.released = False
    entry.state = EntryState.LAPSED


def _end_pause(entry: Entry) -> None:
    entry.pause_reason = entry.paused_until = None
