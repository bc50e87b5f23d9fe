"""Whose is it? Gives each vacancy to the first eligible entry in the list's order."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.registry.domain.eligibility import Reason, reasons_against, reasons_now
from services.registry.domain.model import Entry, PassedOver, Profile, Terms, Vacancy
from services.registry.domain.order import place_in_line
from services.registry.domain.programmes import Programme, RegionPreference

PASSED_OVER_LIMIT = 100
"""How many of those passed over a decision explains one by one."""


@dataclass(frozen=True, slots=True)
class Choice:
    """This vacancy goes to this entry."""

    vacancy: Vacancy
    entry: Entry
    before_others: bool = False
    """Eligible ones stand further up the list: a preference decided."""


OfferedBefore = Mapping[UUID, Collection[UUID]]
"""For each vacancy the entries that it was offered to before."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a choice depends on beside the vacancies and the line: how the list works, what was before, and when."""

    programme: Programme
    offered_before: OfferedBefore
    now: datetime

    def reasons(self, entry: Entry, vacancy: Vacancy) -> tuple[Reason, ...]:
        """Every reason why this entry does not get this vacancy now; empty when it may."""
        before = self.offered_before.get(vacancy.id, ())
        return all_reasons(entry, vacancy, before) + reasons_now(entry, self.programme, vacancy.begins_at(self.now))

    def region_preference(self, terms: Terms) -> RegionPreference | None:
        """How far this vacancy's own region goes first, if it does."""
        return None if terms.region is None else self.programme.region_preference


def choose(vacancies: Sequence[Vacancy], candidates: Sequence[Entry], situation: Situation) -> list[Choice]:
    """Give vacancies, the longest open first, to the first entry in line that is eligible and not yet chosen.

    A vacancy that is kept for larger households goes to the first of those, if there is any. Where its own region
    goes first, an entry of that region may be chosen before others who have waited about as long.

    `candidates` must hold, for every profile that is eligible for one of the vacancies, its first entries in line: as
    many as there are vacancies, earlier offers, and others among whom a region is preferred. What has no eligible
    candidate stays open.
    """
    in_line = sorted(candidates, key=place_in_line)
    choices: list[Choice] = []
    for vacancy in sorted(vacancies, key=lambda vacancy: (vacancy.opened_at, vacancy.id)):
        if not vacancy.may_be_offered(situation.now):
            continue
        eligible = (entry for entry in in_line if not situation.reasons(entry, vacancy))
        choice = _choice(vacancy, eligible, situation)
        if choice is not None:
            in_line.remove(choice.entry)
            choices.append(choice)
    return choices


def _choice(vacancy: Vacancy, eligible: Iterator[Entry], situation: Situation) -> Choice | None:
    first = next(eligible, None)
    if first is None:
        return None
    terms, preference = vacancy.terms, situation.region_preference(vacancy.terms)
    if terms.kept_for_places is None and preference is None:
        return Choice(vacancy, first)
    line = [first, *eligible]
    line = [entry for entry in line if large_enough(entry.profile, terms)] or line
    entry = line[0] if preference is None else _of_own_region(line, terms, preference)
    return Choice(vacancy, entry, before_others=entry is not first)


def large_enough(profile: Profile, terms: Terms) -> bool:
    """Whether a vacancy that is kept for larger households is kept for this one too."""
    return terms.kept_for_places is None or profile.places >= terms.kept_for_places


def _of_own_region(line: Sequence[Entry], terms: Terms, preference: RegionPreference) -> Entry:
    first = line[0]
    latest = first.waiting_since + timedelta(days=preference.days)
    return next(
        (
            entry
            for entry in line[: preference.among]
            if entry.profile.region is terms.region and entry.urgency == first.urgency and entry.waiting_since <= latest
        ),
        first,
    )


def all_reasons(entry: Entry, vacancy: Vacancy, offered_before: Collection[UUID]) -> tuple[Reason, ...]:
    """Every reason why this household does not get this vacancy, whenever it is; empty when it may."""
    repeated = (Reason.OFFERED_BEFORE,) if entry.id in offered_before else ()
    return reasons_against(entry.profile, vacancy.terms) + repeated


def passed_over(
    choice: Choice, ahead: Sequence[Entry], chosen_earlier: Collection[UUID], situation: Situation
) -> list[PassedOver]:
    """Explain everyone in `ahead` who stands before the chosen entry, but those who got another vacancy just now."""
    own_place = place_in_line(choice.entry)
    return [
        PassedOver(entry.id, why_passed_over(entry, choice, situation))
        for entry in ahead
        if place_in_line(entry) < own_place and entry.id not in chosen_earlier
    ]


def why_passed_over(entry: Entry, choice: Choice, situation: Situation) -> tuple[Reason, ...]:
    """Every reason why someone before the chosen entry does not get this vacancy, preferences included."""
    reasons = situation.reasons(entry, choice.vacancy)
    if reasons or not choice.before_others:
        return reasons
    terms = choice.vacancy.terms
    if large_enough(choice.entry.profile, terms) and not large_enough(entry.profile, terms):
        return (Reason.KEPT_FOR_LARGER_HOUSEHOLD,)
    return (Reason.OWN_REGION_FIRST,)
