"""Who must be placed together, and which places follow from that, as tables of examples."""

import pytest

from schemas.vocabulary import AgeBand, Need, Region, Secrecy, Sex
from services.registry.domain.errors import Refused
from services.registry.domain.households import (
    SIZE_LIMIT,
    Household,
    Member,
    Safety,
    check_size,
    comes_as_child,
    of_numbers,
    profile_of,
)
from services.registry.domain.model import Profile
from tests.support.tables import Row, table

HOUSEHOLDS = """
members                                   | sex     | age     | adults | children | why
female 23-plus                            | female  | 23-plus | 1      | 0        | one woman
female 23-plus, unknown 0-11 child        | female  | 23-plus | 1      | 1        | children count
female 23-plus, male 12-15 child          | female  | 23-plus | 1      | 1        | a son does not change it
female 23-plus, female 18-22              | female  | 23-plus | 2      | 0        | two adults of one sex
female 23-plus, male 23-plus              | unknown | 23-plus | 2      | 0        | a couple: only where every sex fits
female 12-15                              | female  | 12-15   | 1      | 0        | a girl on her own
female 12-15 child, female 23-plus        | female  | 12-15   | 1      | 1        | with her mother
unknown unknown                           | unknown | unknown | 1      | 0        | nothing is known of them
male 23-plus, unknown unknown             | unknown | 23-plus | 2      | 0        | nothing is known of one
"""


def member_of(text: str) -> Member:
    sex, age_band, *child = text.split()
    return Member(Sex(sex), AgeBand(age_band), child=bool(child))


@pytest.mark.parametrize("row", table(HOUSEHOLDS), ids=lambda row: row["why"])
def test_a_household_asks_for_what_its_members_ask_for(row: Row) -> None:
    """Sex and age of the person whom the case is about, and everyone is counted."""
    profile = profile_of(Household([member_of(text) for text in row["members"].split(", ")]))
    assert (profile.sex, profile.age_band) == (row["sex"], row["age"])
    assert (profile.adults, profile.children) == (int(row["adults"]), int(row["children"]))


def test_what_one_member_needs_the_household_needs() -> None:
    """A child in a wheelchair, and a mother who needs care."""
    mother = Member(Sex.FEMALE, AgeBand.AGE_23_PLUS, needs=frozenset({Need.PSYCHIATRIC}))
    child = Member(Sex.MALE, AgeBand.UNDER_12, child=True, wheelchair=True, needs=frozenset({Need.MEDICAL}))
    profile = profile_of(Household([mother, child]))
    assert profile.wheelchair
    assert profile.needs == {Need.PSYCHIATRIC, Need.MEDICAL}


def test_what_keeps_them_safe_is_part_of_what_eligibility_looks_at() -> None:
    """Without who set it and why."""
    safety = Safety(frozenset({Region.LIMBURG}), frozenset({"GM0344"}), secrecy_wanted=Secrecy.SECRET)
    profile = profile_of(Household([Member(Sex.FEMALE, AgeBand.AGE_23_PLUS)], safety))
    assert profile.excluded_regions == {Region.LIMBURG}
    assert profile.excluded_municipalities == {"GM0344"}
    assert profile.secrecy_wanted is Secrecy.SECRET


@pytest.mark.parametrize(("adults", "children"), [(1, 0), (1, 3), (2, 1), (0, 1), (0, 2), (20, 20)])
def test_a_household_that_was_told_in_numbers_keeps_its_numbers(adults: int, children: int) -> None:
    """What was registered before is what it was."""
    told = Profile(Sex.FEMALE, AgeBand.AGE_16_TO_17, adults, children, wheelchair=True, needs=frozenset({Need.MEDICAL}))
    assert profile_of(Household(of_numbers(told))) == told


@pytest.mark.parametrize("age_band", AgeBand)
def test_an_unclear_age_is_that_of_a_child(age_band: AgeBand) -> None:
    """Directive 2011/36/EU, article 13(2)."""
    assert comes_as_child(age_band) == (age_band not in {AgeBand.AGE_18_TO_22, AgeBand.AGE_23_PLUS})


def test_a_household_has_a_bound() -> None:
    """Twenty adults and twenty children, and not one more of either."""
    adult, child = Member(Sex.MALE, AgeBand.AGE_23_PLUS), Member(Sex.MALE, AgeBand.UNDER_12, child=True)
    full = [adult] * SIZE_LIMIT + [child] * SIZE_LIMIT
    check_size(full)
    for one in (adult, child):
        with pytest.raises(Refused):
            check_size([*full, one])
