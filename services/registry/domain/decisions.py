"""Why this entry: what a decision looked at, and the explanation that follows from it and from nothing else.

A decision is made from its snapshot, so the same snapshot gives the same explanation whenever it is asked again.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import islice
from uuid import UUID

from services.registry.domain.allocation import PASSED_OVER_LIMIT, Choice, OfferedBefore, choose, passed_over
from services.registry.domain.eligibility import Reason, reasons_against
from services.registry.domain.model import Entry, Profile, Terms, Vacancy
from services.registry.domain.order import place_in_line

RUNNERS_UP_LIMIT = 20
"""How many of those behind the chosen entry, who could have had the vacancy, a decision remembers."""


class Rule(StrEnum):
    """Which part of the order puts one entry before another."""

    MORE_URGENT = "more-urgent"
    WAITING_LONGER = "waiting-longer"
    TIE = "tie"
    """As urgent, and waiting since the same moment: the unique last key decides."""


@dataclass(frozen=True, slots=True)
class Counted:
    """So many entries with this profile, further up the list than the chosen one, that are not explained one by one."""

    profile: Profile
    count: int
    offered_before: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a decision looked at: bounded, and enough to make it again.

    `considered` is in the list's order: the first hundred before the chosen one, the chosen one, and the first of those
    behind it who could have had the vacancy. `at_least`: counting stopped, and there are that many or more.
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


def explain(snapshot: Snapshot) -> Explanation:
    """Decide again about what the snapshot holds, by the rules as they are."""
    vacancy = snapshot.vacancy
    before = {vacancy.id: snapshot.offered_before}
    choices = choose([vacancy], snapshot.considered, before, snapshot.decided_at)
    if not choices:
        return Explanation(None, counted=_by_reasons(snapshot), at_least=snapshot.at_least)
    [choice] = choices
    known = {entry.id: entry for entry in snapshot.considered}
    ahead = tuple(
        Ahead(rule_between(known[passed.entry_id], choice.entry), passed.reasons)
        for passed in passed_over(choice, snapshot.considered, (), before)
    )
    return Explanation(choice.entry.id, ahead, _by_reasons(snapshot), snapshot.at_least)


def rule_between(ahead: Entry, behind: Entry) -> Rule:
    """Why the first stands before the second."""
    if ahead.urgency != behind.urgency:
        return Rule.MORE_URGENT
    return Rule.WAITING_LONGER if ahead.waiting_since != behind.waiting_since else Rule.TIE


@dataclass(frozen=True, slots=True)
class Line:
    """Who waits before a chosen entry: the first in their order, and of a long line how many there are of each profile.

    `at_least`: counting stopped there.
    """

    first: Sequence[Entry]
    profiles: Mapping[Profile, int] = field(default_factory=dict)
    at_least: bool = False

    def without(self, gone: Collection[Entry]) -> "Line":
        """The same line when these do not stand in it any more."""
        ids, profiles = {entry.id for entry in gone}, Counter(self.profiles)
        profiles.subtract(Counter(entry.profile for entry in gone))
        return Line([entry for entry in self.first if entry.id not in ids], profiles, self.at_least)


def snapshot_of(
    choice: Choice, line: Line, candidates: Collection[Entry], offered_before: OfferedBefore, now: datetime
) -> Snapshot:
    """What is remembered of a choice. Neither `line` nor `candidates` holds who was chosen before it just now."""
    own_place = place_in_line(choice.entry)
    ahead = [entry for entry in line.first if place_in_line(entry) < own_place][:PASSED_OVER_LIMIT]
    behind = sorted((entry for entry in candidates if place_in_line(entry) > own_place), key=place_in_line)
    considered = (*ahead, choice.entry, *islice(behind, RUNNERS_UP_LIMIT))
    before = offered_before.get(choice.vacancy.id, ())
    return Snapshot(
        vacancy=replace(choice.vacancy),
        decided_at=now,
        considered=tuple(replace(entry) for entry in considered),
        offered_before=frozenset(entry.id for entry in considered if entry.id in before),
        counted=_rest(line, ahead, choice.vacancy.terms),
        at_least=line.at_least,
    )


def _rest(line: Line, named: Sequence[Entry], terms: Terms) -> tuple[Counted, ...]:
    """Everyone in the line who is not named. Who is eligible among them has been offered this vacancy before."""
    by_name = Counter(entry.profile for entry in named)
    left = {profile: count - by_name[profile] for profile, count in line.profiles.items()}
    return tuple(
        Counted(profile, count, offered_before=not reasons_against(profile, terms))
        for profile, count in left.items()
        if count > 0
    )


def _by_reasons(snapshot: Snapshot) -> tuple[tuple[tuple[str, ...], int], ...]:
    counts: Counter[tuple[str, ...]] = Counter()
    for rest in snapshot.counted:
        repeated = (Reason.OFFERED_BEFORE,) if rest.offered_before else ()
        counts[reasons_against(rest.profile, snapshot.vacancy.terms) + repeated] += rest.count
    return tuple(sorted(counts.items()))
