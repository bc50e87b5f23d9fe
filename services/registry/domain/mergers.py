"""Two cases that turn out to be one person: what the survivor keeps, and how it is taken apart again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from services.registry.domain.entries import Line
from services.registry.domain.model import Entry, EntryState, Profile


@dataclass(frozen=True, slots=True)
class Plan:
    """`kept`: the survivor's entries that get another place in line by the merger, with that.

    `missing`: the other one's entries in lists where the survivor does not stand yet.
    """

    kept: Sequence[tuple[Entry, Line]] = ()
    missing: Sequence[Entry] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """What a merger changed, as it was before: enough to take it back."""

    kept: Sequence[tuple[UUID, Line]] = field(default_factory=tuple)
    left: Sequence[tuple[UUID, Line]] = field(default_factory=tuple)
    joined: Sequence[UUID] = field(default_factory=tuple)


def asked_for_more(survivor: Profile, merged: Profile) -> str | None:
    """What the survivor's household would lose by the merger; None when nothing.

    Whether a child in both is one child, nobody can tell from here: whoever knows them says so first.
    """
    if merged.places > survivor.places:
        return f"is larger ({merged.places} people against {survivor.places})"
    if merged.children > survivor.children:
        return f"has more children ({merged.children} against {survivor.children})"
    if merged.wheelchair and not survivor.wheelchair:
        return "needs wheelchair access"
    if merged.needs - survivor.needs:
        return "has needs that are not known of the survivor"
    return None


def plan(survivor: Sequence[Entry], merged: Sequence[Entry]) -> Plan:
    """In each list the survivor keeps the better of both, and joins where only the other one stood."""
    own: Mapping[str, Entry] = {entry.waitlist: entry for entry in survivor}
    kept, missing = list[tuple[Entry, Line]](), list[Entry]()
    for entry in sorted(merged, key=lambda entry: entry.waitlist):
        mine = own.get(entry.waitlist)
        if mine is None:
            missing.append(entry)
        elif (best := _best(mine, entry)) != Line.of(mine):
            kept.append((mine, best))
    return Plan(kept, missing)


def left(entry: Entry) -> Line:
    """How the other one's entry goes back into line: only a pause of its own keeps it from waiting.

    Whatever was offered to it went to the next; and what was accepted elsewhere may be over by then.
    """
    return in_line(Line.of(entry))


def in_line(line: Line) -> Line:
    """The same place, waiting unless it pauses for a reason of its own."""
    return replace(line, state=EntryState.PAUSED if line.pause_reason is not None else EntryState.WAITING)


def restored(before: Line, now: Line, other: Line | None) -> Line:
    """The survivor's place when the merger is taken back: its own waiting-since and urgency.

    A pause that came from the other one goes back with it; one that was set or ended since stays as it is now. Who
    lapsed by a right of the other one stands where they stood.
    """
    came_from_other = other is not None and other.pause_reason is not None and _pause(now) == _pause(other)
    if now.state is EntryState.LAPSED or came_from_other:
        return in_line(before)
    return replace(now, waiting_since=before.waiting_since, urgency=before.urgency)


def _pause(line: Line) -> tuple[object, ...]:
    return line.pause_reason, line.paused_until


def _best(mine: Entry, other: Entry) -> Line:
    """The earliest waiting-since, the highest urgency, the most silences, and a pause that either has.

    It protects the same person, and the same person is not heard of.

    What is offered to the survivor stays offered, so then the other one's pause has nothing to keep from them.
    """
    own = Line.of(mine)
    line = replace(
        own,
        waiting_since=min(mine.waiting_since, other.waiting_since),
        urgency=max(mine.urgency, other.urgency),
        silences=max(mine.silences, other.silences),
    )
    if mine.state is EntryState.OFFERED or mine.pause_reason is not None or other.pause_reason is None:
        return line
    return replace(line, state=EntryState.PAUSED, pause_reason=other.pause_reason, paused_until=other.paused_until)
