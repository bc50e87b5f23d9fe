"""Whose is it? Gives each vacancy to the first eligible entry in the list's order."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.registry.domain.eligibility import Reason, reasons_against
from services.registry.domain.model import Entry, PassedOver, Vacancy
from services.registry.domain.order import place_in_line

PASSED_OVER_LIMIT = 100
"""How many of those passed over a decision explains one by one."""


@dataclass(frozen=True, slots=True)
class Choice:
    """This vacancy goes to this entry."""

    vacancy: Vacancy
    entry: Entry


OfferedBefore = Mapping[UUID, Collection[UUID]]
"""For each vacancy the entries that it was offered to before."""


def choose(
    vacancies: Sequence[Vacancy], candidates: Sequence[Entry], offered_before: OfferedBefore, now: datetime
) -> list[Choice]:
    """Give vacancies, the longest open first, to the first entry in line that is eligible and not yet chosen.

    `candidates` must hold, for every profile that is eligible for one of the vacancies, its first entries in line:
    as many as there are vacancies and earlier offers. What has no eligible candidate stays open.
    """
    in_line = sorted(candidates, key=place_in_line)
    choices: list[Choice] = []
    for vacancy in sorted(vacancies, key=lambda vacancy: (vacancy.opened_at, vacancy.id)):
        if not vacancy.may_be_offered(now):
            continue
        entry = next(_eligible(in_line, vacancy, offered_before.get(vacancy.id, ())), None)
        if entry is not None:
            in_line.remove(entry)
            choices.append(Choice(vacancy, entry))
    return choices


def _eligible(in_line: Sequence[Entry], vacancy: Vacancy, offered_before: Collection[UUID]) -> Iterator[Entry]:
    return (entry for entry in in_line if not all_reasons(entry, vacancy, offered_before))


def all_reasons(entry: Entry, vacancy: Vacancy, offered_before: Collection[UUID]) -> tuple[Reason, ...]:
    """Every reason why this entry does not get this vacancy; empty when it may."""
    repeated = (Reason.OFFERED_BEFORE,) if entry.id in offered_before else ()
    return reasons_against(entry.profile, vacancy.terms) + repeated


def passed_over(
    choice: Choice, ahead: Sequence[Entry], chosen_earlier: Collection[UUID], offered_before: OfferedBefore
) -> list[PassedOver]:
    """Explain everyone in `ahead` who stands before the chosen entry, but those who got another vacancy just now."""
    own_place = place_in_line(choice.entry)
    before = offered_before.get(choice.vacancy.id, ())
    return [
        PassedOver(entry.id, tuple(all_reasons(entry, choice.vacancy, before)))
        for entry in ahead
        if place_in_line(entry) < own_place and entry.id not in chosen_earlier
    ]
