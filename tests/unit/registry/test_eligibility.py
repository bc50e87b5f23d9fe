"""May they be offered this place? As tables, for whoever knows the law and not Python."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from schemas.vocabulary import AgeBand, ListKind, Need, Region, Secrecy, Sex
from services.registry.domain.allocation import Situation
from services.registry.domain.model import Entry, EntryState, Lack, Profile, Terms, Vacancy
from services.registry.domain.programmes import Authority, Funding, Programme
from tests.support.tables import rows_of

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FACILITY, OTHER_FACILITY = UUID(int=1), UUID(int=2)
WOMAN = Profile(Sex.FEMALE, AgeBand.AGE_23_PLUS, 1, 0, wheelchair=False, needs=frozenset())
PLACE = Terms(
    2,
    frozenset({Sex.FEMALE}),
    frozenset({AgeBand.AGE_18_TO_22, AgeBand.AGE_23_PLUS}),
    children=True,
    wheelchair=False,
    needs=frozenset({Need.MEDICAL}),
    region=Region.LIMBURG,
    facility_id=FACILITY,
    secrecy=Secrecy.DISCREET,
)
HOME = Terms(
    4,
    frozenset(Sex),
    frozenset(AgeBand),
    children=True,
    wheelchair=True,
    needs=frozenset(Need),
    municipality_code="GM0344",
    may_lie_in=frozenset({Region.MIDDEN_NEDERLAND}),
)
COSM = Programme("cosm", date(2010, 1, 1), Authority.EXCLUSIVE, Funding.STATE)

# What is different from a woman of 30, alone, who asks for nothing; the place is for two women of 18 or older, children
# welcome, in Limburg, discreet, with medical care and without access for a wheelchair.
HOUSEHOLDS: dict[str, dict[str, Any]] = {
    "a woman alone": {},
    "a woman with a child": {"children": 1},
    "a woman with two children": {"children": 2},
    "a man": {"sex": Sex.MALE},
    "sex unknown": {"sex": Sex.UNKNOWN},
    "a girl of 16": {"age_band": AgeBand.AGE_16_TO_17},
    "a woman of 19": {"age_band": AgeBand.AGE_18_TO_22},
    "age unclear": {"age_band": AgeBand.UNKNOWN},
    "in a wheelchair": {"wheelchair": True},
    "needs medical care": {"needs": frozenset({Need.MEDICAL})},
    "addicted": {"needs": frozenset({Need.ADDICTION})},
    "not in Limburg": {"excluded_regions": frozenset({Region.LIMBURG})},
    "not in Midden-Nederland": {"excluded_regions": frozenset({Region.MIDDEN_NEDERLAND})},
    "not in Amsterdam": {"excluded_regions": frozenset({Region.AMSTERDAM})},
    "not in this facility": {"excluded_facilities": frozenset({FACILITY})},
    "not in another facility": {"excluded_facilities": frozenset({OTHER_FACILITY})},
    "not in Utrecht": {"excluded_municipalities": frozenset({"GM0344"})},
    "must be secret": {"secrecy_wanted": Secrecy.SECRET},
    "must be discreet": {"secrecy_wanted": Secrecy.DISCREET},
    "prefers Amsterdam": {"region": Region.AMSTERDAM},
    "a man with two children, addicted": {"sex": Sex.MALE, "children": 2, "needs": frozenset({Need.ADDICTION})},
}

FOR_THE_PLACE = """
household                         | reasons against the place in Limburg
a woman alone                     | -
a woman with a child              | -
a woman with two children         | too-few-places
a man                             | sex-not-accepted
sex unknown                       | sex-not-accepted
a girl of 16                      | age-not-accepted
a woman of 19                     | -
age unclear                       | age-not-accepted
in a wheelchair                   | no-wheelchair-access
needs medical care                | -
addicted                          | need-not-served
not in Limburg                    | region-excluded
not in Amsterdam                  | -
not in this facility              | facility-excluded
not in another facility           | -
not in Utrecht                    | -
must be secret                    | not-secret-enough
must be discreet                  | -
prefers Amsterdam                 | -
a man with two children, addicted | too-few-places sex-not-accepted need-not-served
"""

FOR_THE_HOME = """
household                         | reasons against the home in Utrecht
a woman with two children         | -
a man with two children, addicted | -
age unclear                       | -
in a wheelchair                   | -
must be secret                    | -
not in Limburg                    | -
not in Utrecht                    | municipality-excluded
not in Midden-Nederland           | region-excluded
"""

FOR_A_PLACE_UNKNOWN = """
household                         | reasons against a place of which it is not known where it is
a woman alone                     | -
not in Limburg                    | region-excluded
not in Utrecht                    | -
"""

AT_THE_MOMENT = """
entry                                  | the list asks for   | reasons
waits                                  | nothing             | -
waits                                  | a reflection period | no-reflection-period
waits                                  | a permit            | no-permit
has a permit                           | a permit            | -
has withdrawn consent                  | nothing             | no-consent
has withdrawn consent                  | a permit            | no-permit no-consent
paused                                 | nothing             | paused
reflection period ends tomorrow        | a reflection period | -
reflection period ended a moment ago   | a reflection period | right-ended
reflection period ended a moment ago   | nothing             | right-ended
paused, period ended, place is too few | a reflection period | too-few-places paused right-ended
was offered this very place before     | nothing             | offered-before
"""

ENTRIES: dict[str, Callable[[Entry], Entry]] = {
    "waits": lambda entry: entry,
    "has a permit": lambda entry: replace(entry, lacks=frozenset()),
    "has withdrawn consent": lambda entry: replace(entry, lacks=frozenset(Lack)),
    "paused": lambda entry: replace(entry, state=EntryState.PAUSED),
    "reflection period ends tomorrow": lambda entry: replace(entry, eligible_until=NOW + timedelta(days=1)),
    "reflection period ended a moment ago": lambda entry: replace(entry, eligible_until=NOW),
    "paused, period ended, place is too few": lambda entry: replace(
        entry, state=EntryState.PAUSED, eligible_until=NOW, profile=replace(WOMAN, children=2)
    ),
    "was offered this very place before": lambda entry: replace(entry, id=UUID(int=9)),
}


def an_entry(profile: Profile) -> Entry:
    waiting_since, lacks = NOW - timedelta(days=3), frozenset({Lack.PERMIT})
    return Entry(UUID(int=7), "cosm", UUID(int=8), "north", profile, 0, waiting_since, lacks=lacks)


def a_vacancy(terms: Terms) -> Vacancy:
    return Vacancy(UUID(int=5), "cosm", ListKind.SHELTER, UUID(int=6), terms, 1, NOW, NOW)


def answer(reasons: tuple[str, ...]) -> str:
    return " ".join(reasons) or "-"


@pytest.mark.parametrize(
    ("terms", "household", "expected"),
    [(PLACE, *row) for row in rows_of(FOR_THE_PLACE)]
    + [(HOME, *row) for row in rows_of(FOR_THE_HOME)]
    + [(replace(PLACE, region=None), *row) for row in rows_of(FOR_A_PLACE_UNKNOWN)],
)
def test_every_reason_against_a_place_is_given(terms: Terms, household: str, expected: str) -> None:
    """Never only the first."""
    entry = an_entry(replace(WOMAN, **HOUSEHOLDS[household]))
    assert answer(Situation(COSM, {}, NOW).reasons(entry, a_vacancy(terms))) == expected


@pytest.mark.parametrize(("entry", "asked", "expected"), rows_of(AT_THE_MOMENT))
def test_the_moment_and_the_law_of_the_list_count_too(entry: str, asked: str, expected: str) -> None:
    """Paused, a right that has ended, a reflection period or a permit that is asked for, consent that was withdrawn."""
    programme = replace(
        COSM, requires_reflection_period=asked == "a reflection period", requires_permit=asked == "a permit"
    )
    situation = Situation(programme, {UUID(int=5): {UUID(int=9)}}, NOW)
    assert answer(situation.reasons(ENTRIES[entry](an_entry(WOMAN)), a_vacancy(PLACE))) == expected


@pytest.mark.parametrize("household", sorted(HOUSEHOLDS))
def test_a_preferred_region_is_never_a_reason_against(household: str) -> None:
    """A preference, not a filter; safety is another matter."""
    profile = replace(WOMAN, **HOUSEHOLDS[household])
    for region in (None, *Region):
        same = replace(profile, region=region)
        situation = Situation(COSM, {}, NOW)
        assert situation.reasons(an_entry(same), a_vacancy(PLACE)) == situation.reasons(
            an_entry(profile), a_vacancy(PLACE)
        )
