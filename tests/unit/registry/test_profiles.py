"""Whom a vacancy suits is found by kind of household, and is the same as by asking about each."""

from itertools import product
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from schemas.vocabulary import AgeBand, Need, Region, Secrecy, Sex
from services.registry.domain.eligibility import reasons_against, reasons_of_programme
from services.registry.domain.model import Profile, Terms
from services.registry.domain.profiles import Profiles
from services.registry.domain.programmes import DEFAULT_PROGRAMMES, Programme

REGIONS, FACILITIES, MUNICIPALITIES = list(Region)[:3], [UUID(int=number) for number in range(3)], ["0363", "0599"]


def some(values: list) -> st.SearchStrategy:  # type: ignore[type-arg]
    """A few of these."""
    return st.frozensets(st.sampled_from(values), max_size=2)


HOUSEHOLDS = st.builds(
    Profile,
    sex=st.sampled_from(Sex),
    age_band=st.sampled_from(AgeBand),
    adults=st.integers(1, 2),
    children=st.integers(0, 1),
    wheelchair=st.booleans(),
    needs=some(list(Need)),
    excluded_regions=some(REGIONS),
    excluded_municipalities=some(MUNICIPALITIES),
    excluded_facilities=some(FACILITIES),
    secrecy_wanted=st.sampled_from(Secrecy),
    region=st.none() | st.sampled_from(REGIONS),
)
VACANCIES = st.builds(
    Terms,
    places=st.integers(1, 3),
    sexes=st.frozensets(st.sampled_from(Sex), min_size=1),
    age_bands=st.frozensets(st.sampled_from(AgeBand), min_size=1),
    children=st.booleans(),
    wheelchair=st.booleans(),
    needs=some(list(Need)),
    region=st.none() | st.sampled_from(REGIONS),
    municipality_code=st.none() | st.sampled_from(MUNICIPALITIES),
    facility_id=st.none() | st.sampled_from(FACILITIES),
    secrecy=st.none() | st.sampled_from(Secrecy),
    former_codes=some(MUNICIPALITIES),
)


@given(
    st.sets(HOUSEHOLDS, max_size=12), st.lists(VACANCIES, min_size=1, max_size=4), st.sampled_from(DEFAULT_PROGRAMMES)
)
def test_nobody_whom_a_vacancy_suits_is_hidden(
    households: set[Profile], vacancies: list[Terms], programme: Programme
) -> None:
    """Nor is anybody let through whom it does not suit, however the profiles came to be known."""
    known = {UUID(int=number): profile for number, profile in enumerate(households)}
    grown = Profiles()
    for id_, profile in known.items():
        grown = grown.with_one(id_, profile)
    for profiles, terms in product((Profiles(known.items()), grown), vacancies):
        suited = {
            id_
            for id_, one in known.items()
            if not reasons_against(one, terms) and not reasons_of_programme(one, programme)
        }
        assert set(profiles.that_suit(terms, programme)) == suited


def test_a_profile_more_leaves_those_that_were_known_as_they_were() -> None:
    """What a transaction adds that is rolled back is known to nobody."""
    one, other = (Profile(Sex.FEMALE, AgeBand.AGE_23_PLUS, adults, 0, False, frozenset()) for adults in (1, 2))  # noqa: FBT003 - not a choice here
    before = Profiles().with_one(UUID(int=1), one)
    after = before.with_one(UUID(int=2), other)
    assert dict(before) == {UUID(int=1): one}
    assert dict(after) == {UUID(int=1): one, UUID(int=2): other}
    assert (after.id_of(other), before.id_of(other)) == (UUID(int=2), None)
