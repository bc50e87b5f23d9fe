"""Who is next? As tables, for whoever knows the law and not Python."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from schemas.vocabulary import AgeBand, ListKind, Region, Sex
from services.registry.domain.allocation import Situation, choose
from services.registry.domain.decisions import rule_between
from services.registry.domain.model import Entry, Profile, Terms, Vacancy
from services.registry.domain.order import place_in_line
from services.registry.domain.programmes import Authority, Funding, Programme, RegionPreference
from tests.support.tables import rows_of

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
COSM = Programme(
    "cosm", date(2010, 1, 1), Authority.EXCLUSIVE, Funding.STATE, region_preference=RegionPreference(among=3, days=7)
)

# Of each: urgency, for how many days they wait, and the lot that they drew, if any. The lower key is the unique last.
TWO = """
first's urgency | days | lot | key | second's urgency | its days | its lot | its key | who goes first | because
              0 |   10 |   - |   1 |                0 |        9 |       - |       2 | first          | waiting-longer
              0 |    9 |   - |   1 |                0 |       10 |       - |       2 | second         | waiting-longer
              0 |  100 |   - |   1 |                1 |        1 |       - |       2 | second         | more-urgent
              9 |    1 |   - |   1 |                1 |      100 |       - |       2 | first          | more-urgent
              2 |    9 |   - |   1 |                2 |       10 |       - |       2 | second         | waiting-longer
              0 |   10 |   7 |   1 |                0 |       10 |       5 |       2 | second         | lower-lot
              0 |   10 |   9 |   1 |                0 |       10 |      10 |       2 | first          | lower-lot
              0 |   10 |   - |   2 |                0 |       10 |       - |       1 | second         | tie
              0 |   10 |   5 |   1 |                0 |       11 |       7 |       2 | second         | waiting-longer
"""

# A place in Limburg. In line, the first first: days waiting, L for who is sought a place in Limburg, u for more urgent,
# and how many they are, if not one. Their own region goes first among the first three, within a week.
OWN_REGION = """
in line            | kept for | whose it is | why
30, 20, 10         | nobody   | 30          | the first in line
30, 25 L, 10       | nobody   | 25 L        | of the own region, and waits five days less
30, 22 L, 10       | nobody   | 30          | of the own region, and waits eight days less
30, 23 L           | nobody   | 23 L        | a week is within a week
30, 29, 28, 27 L   | nobody   | 30          | the own region is looked for among the first three only
30 u, 29 L         | nobody   | 30 u        | urgency goes before the region
30 u, 30 L, 29 u L | nobody   | 29 u L      | as urgent, and of the own region
30, 20 x3          | three    | 20 x3       | kept for three, and three wait
30, 20 x2          | three    | 30          | kept for three, and none of three waits
30 x3, 28 x3 L     | three    | 28 x3 L     | both are three, and one is of the own region
"""


@pytest.mark.parametrize("row", rows_of(TWO), ids=" ".join)
def test_of_two_one_goes_first_by_one_rule(row: tuple[str, ...]) -> None:
    """Urgency, then waiting since, then the lot, then the unique last key; numbers compare as numbers."""
    first, second = _entry(*row[:4]), _entry(*row[4:8])
    ahead, behind = sorted((first, second), key=place_in_line)
    assert ("first" if ahead is first else "second", rule_between(ahead, behind)) == row[8:]


@pytest.mark.parametrize(("line", "kept_for", "expected", "why"), rows_of(OWN_REGION))
def test_a_preference_chooses_within_its_bounds(line: str, kept_for: str, expected: str, why: str) -> None:
    """The own region first, and what is kept for larger households, never beyond urgency and a week."""
    people = [_person(number, text.strip()) for number, text in enumerate(line.split(","), start=1)]
    terms = Terms(
        4, frozenset(Sex), frozenset(AgeBand), children=True, wheelchair=True, needs=frozenset(),
        region=Region.LIMBURG, kept_for_places=3 if kept_for == "three" else None,
    )  # fmt: skip
    vacancy = Vacancy(UUID(int=99), "cosm", ListKind.SHELTER, UUID(int=98), terms, 1, NOW, NOW)
    (choice,) = choose([vacancy], people, Situation(COSM, {}, NOW))
    assert line.split(",")[people.index(choice.entry)].strip() == expected, why


def _entry(urgency: str, days: str, lot: str, key: str) -> Entry:
    profile = Profile(Sex.FEMALE, AgeBand.AGE_23_PLUS, 1, 0, wheelchair=False, needs=frozenset())
    entry = Entry(UUID(int=int(key)), "cosm", UUID(int=1), "c", profile, int(urgency), NOW - timedelta(days=int(days)))
    if lot != "-":
        entry.lot = UUID(int=int(lot))
    return entry


def _person(number: int, text: str) -> Entry:
    days, *marks = text.split()
    people = next((int(mark[1:]) for mark in marks if mark.startswith("x")), 1)
    region = Region.LIMBURG if "L" in marks else None
    profile = Profile(
        Sex.FEMALE, AgeBand.AGE_23_PLUS, 1, people - 1, wheelchair=False, needs=frozenset(), region=region
    )
    urgency = 1 if "u" in marks else 0
    return Entry(UUID(int=number), "cosm", UUID(int=number), "c", profile, urgency, NOW - timedelta(days=int(days)))
