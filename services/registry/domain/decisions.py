"""Why this entry: what a decision looked at, and the explanation that follows from it and from nothing else.

A decision is made from its snapshot, so the same snapshot gives the same explanation whenever it is asked again.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from heapq import nsmallest
from uuid import UUID

from services.registry.domain.allocation import (
    PASSED_OVER_LIMIT,
    Choice,
    Situation,
    choose,
    large_enough,
    passed_over,
    why_passed_over,
)
from services.registry.domain.model import Entry, EntryState, Lack, Profile, Vacancy
from services.registry.domain.order import place_in_line
from services.registry.domain.programmes import Programme

RUNNERS_UP_LIMIT = 20
"""How many of those behind the chosen entry, who could have had the vacancy, a decision remembers."""


class Rule(StrEnum):
    """Which part of the order puts one entry before another."""

    MORE_URGENT = "more-urgent"
    WAITING_LONGER = "waiting-longer"
    LOWER_LOT = "lower-lot"
    """As urgent, and waiting since the same moment: a draw decides."""
    TIE = "tie"
    """No draw tells them apart either: the unique last key decides."""


class Right(StrEnum):
    """Whether the right to this kind of shelter still runs when the household can be there."""

    RUNS = "runs"
    ENDED = "ended"
    NOT_KNOWN = "not-known"


@dataclass(frozen=True, slots=True)
class Group:
    """Those whom the rules cannot tell apart, but by their place."""

    profile: Profile
    right: Right
    offered_before: bool = False
    paused: bool = False
    lacks: frozenset[Lack] = frozenset()


@dataclass(frozen=True, slots=True)
class Counted:
    """So many of a group, further up the list than the chosen one, that are not explained one by one."""

    group: Group
    count: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a decision looked at: bounded, and enough to make it again.

    `considered` is in the list's order: the first hundred before the chosen one, those further down without whom a
    preference would not come out the same, the chosen one, and the first of those behind it who could have had the
    vacancy. `at_least`: counting stopped, and there are that many or more.
    """

    vacancy: Vacancy
    decided_at: datetime
    considered: tuple[Entry, ...]
    offered_before: frozenset[UUID]
    counted: tuple[Counted, ...] = ()
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Ahead:
    """Someone before the chosen entry: by which rule, and every reason why this vacancy was not for them."""

    rule: Rule
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The chosen entry, those before it one by one in their order, and the rest counted by their reasons."""

    chosen: UUID | None
    ahead: tuple[Ahead, ...] = ()
    counted: tuple[tuple[tuple[str, ...], int], ...] = ()
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """This offer of this vacancy to this entry: by which policy, from what, and why."""

    id: UUID
    offer_id: UUID
    entry_id: UUID
    policy: str
    snapshot: Snapshot
    explanation: Explanation


def explain(snapshot: Snapshot, programme: Programme) -> Explanation:
    """Decide again about what the snapshot holds, by this version of the programme and the rules as they are."""
    vacancy = snapshot.vacancy
    situation = Situation(programme, {vacancy.id: snapshot.offered_before}, snapshot.decided_at)
    choice = next(iter(choose([vacancy], snapshot.considered, situation)), None)
    if choice is None:
        return Explanation(None, at_least=snapshot.at_least)
    known = {entry.id: entry for entry in snapshot.considered}
    ahead = [
        Ahead(rule_between(known[passed.entry_id], choice.entry), passed.reasons)
        for passed in passed_over(choice, snapshot.considered, (), situation)
    ]
    counts = Counter(one.reasons for one in ahead[PASSED_OVER_LIMIT:])
    for counted in snapshot.counted:
        counts[_reasons_of(counted, choice, situation)] += counted.count
    rest = tuple(sorted(counts.items()))
    return Explanation(choice.entry.id, tuple(ahead[:PASSED_OVER_LIMIT]), rest, snapshot.at_least)


def _reasons_of(counted: Counted, choice: Choice, situation: Situation) -> tuple[str, ...]:
    """The reasons that each of these has: those of one that stands for all."""
    begins, right = choice.vacancy.begins_at(situation.now), counted.group.right
    until = {Right.RUNS: begins + timedelta(days=1), Right.ENDED: begins, Right.NOT_KNOWN: None}[right]
    state = EntryState.PAUSED if counted.group.paused else EntryState.WAITING
    group = counted.group
    one = replace(
        choice.entry, id=UUID(int=0), profile=group.profile, eligible_until=until, state=state, lacks=group.lacks
    )
    before = {choice.vacancy.id: {one.id} if counted.group.offered_before else set()}
    return why_passed_over(one, choice, replace(situation, offered_before=before))


def rule_between(ahead: Entry, behind: Entry) -> Rule:
    """Why the first stands before the second."""
    if ahead.urgency != behind.urgency:
        return Rule.MORE_URGENT
    if ahead.waiting_since != behind.waiting_since:
        return Rule.WAITING_LONGER
    return Rule.LOWER_LOT if ahead.lot != behind.lot else Rule.TIE


def group_of(entry: Entry, offered_before: Collection[UUID], begins: datetime) -> Group:
    """With whom an entry is counted, for a vacancy that begins at this moment."""
    right = Right.NOT_KNOWN
    if entry.eligible_until is not None:
        right = Right.RUNS if entry.eligible_until > begins else Right.ENDED
    return Group(entry.profile, right, entry.id in offered_before, entry.state is EntryState.PAUSED, entry.lacks)


@dataclass(frozen=True, slots=True)
class Line:
    """Who waits or stands aside before a chosen entry: the first in order, and of a long line how many of each group.

    `at_least`: counting stopped there.
    """

    first: Sequence[Entry]
    groups: Mapping[Group, int] = field(default_factory=dict)
    at_least: bool = False

    def without(self, gone: Collection[Entry], groups: Collection[Group]) -> "Line":
        """The same line when these, of these groups, do not stand in it any more."""
        ids, left = {entry.id for entry in gone}, Counter(self.groups)
        left.subtract(groups)
        return Line([entry for entry in self.first if entry.id not in ids], left, self.at_least)


def snapshot_of(choice: Choice, line: Line, candidates: Collection[Entry], situation: Situation) -> Snapshot:
    """What is remembered of a choice. Neither `line` nor `candidates` holds who was chosen before it just now."""
    vacancy, own_place, now = choice.vacancy, place_in_line(choice.entry), situation.now
    begins = vacancy.begins_at(now)
    named = [entry for entry in line.first if place_in_line(entry) < own_place][:PASSED_OVER_LIMIT]
    known = {entry.id for entry in named}
    others = [entry for entry in candidates if entry.id not in known]
    ahead = sorted((entry for entry in others if place_in_line(entry) < own_place), key=place_in_line)
    behind = (entry for entry in others if place_in_line(entry) > own_place)
    passed = [*named, *_that_matter(choice, ahead, situation)]
    considered = (*passed, choice.entry, *nsmallest(RUNNERS_UP_LIMIT, behind, key=place_in_line))
    before, programme = situation.offered_before.get(vacancy.id, ()), situation.programme
    return Snapshot(
        vacancy=replace(vacancy),
        decided_at=now,
        considered=tuple(replace(entry, lacks=_that_count(entry.lacks, programme)) for entry in considered),
        offered_before=frozenset(entry.id for entry in considered if entry.id in before),
        counted=_rest(line, Counter(group_of(entry, before, begins) for entry in passed), programme),
        at_least=line.at_least,
    )


def _that_count(lacks: frozenset[Lack], programme: Programme) -> frozenset[Lack]:
    """What is lacking of what this list asks for: nearly nobody waits for a shelter with a permit."""
    return lacks if programme.requires_permit else lacks - {Lack.PERMIT}


def _that_matter(choice: Choice, ahead: Sequence[Entry], situation: Situation) -> list[Entry]:
    """Those beyond the named ones without whom a preference would not come out the same: few, for it looks at few."""
    eligible = [entry for entry in ahead if not situation.reasons(entry, choice.vacancy)]
    if large_enough(choice.entry.profile, choice.vacancy.terms):
        # The smaller ones are many, and only that there is one matters.
        eligible = [
            entry for entry in eligible if entry is eligible[0] or large_enough(entry.profile, choice.vacancy.terms)
        ]
    return eligible


def _rest(line: Line, named: Counter[Group], programme: Programme) -> tuple[Counted, ...]:
    """Everyone in the line who is not named."""
    left = Counter(line.groups)
    left.subtract(named)
    rest = Counter[Group]()
    for group, count in left.items():
        if count > 0:
            rest[replace(group, lacks=_that_count(group.lacks, programme))] += count
    return tuple(Counted(group, count) for group, count in rest.items())
