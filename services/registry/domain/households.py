"""Who must be placed together, and what follows from that for the places that suit them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from schemas.vocabulary import AgeBand, Need, Region, Secrecy, Sex
from services.registry.domain.errors import Refused
from services.registry.domain.model import Profile

SIZE_LIMIT = 20
"""How many adults, and how many children, a household has at most."""

_GROWN_UP = frozenset({AgeBand.AGE_18_TO_22, AgeBand.AGE_23_PLUS})


@dataclass(frozen=True, slots=True)
class Member:
    """Someone in a household. `child`: comes along as one, and so counts as a place for a child."""

    sex: Sex
    age_band: AgeBand
    child: bool = False
    wheelchair: bool = False
    needs: frozenset[Need] = frozenset()


@dataclass(frozen=True, slots=True)
class Safety:
    """Where a household must not be, how secret its place must be, and where shelter is looked for first."""

    regions: frozenset[Region] = frozenset()
    municipalities: frozenset[str] = frozenset()
    facilities: frozenset[UUID] = frozenset()
    secrecy_wanted: Secrecy = Secrecy.KNOWN
    region: Region | None = None


@dataclass(frozen=True, slots=True)
class Household:
    """The people and what keeps them safe. The first member is the one whom the case is about."""

    members: Sequence[Member]
    safety: Safety = field(default_factory=Safety)


def comes_as_child(age_band: AgeBand) -> bool:
    """Whether someone of this age comes along as a child. Unclear age: presume a child."""
    return age_band not in _GROWN_UP


def of_numbers(profile: Profile) -> list[Member]:
    """The members of a household of which only the numbers were told; the first is the one registered."""
    adult = Member(profile.sex, profile.age_band)
    child = Member(Sex.UNKNOWN, AgeBand.UNKNOWN, child=True)
    everyone = [adult] * profile.adults + [child] * profile.children
    about = Member(profile.sex, profile.age_band, everyone[0].child, profile.wheelchair, profile.needs)
    return [about, *everyone[1:]]


def check_size(members: Collection[Member]) -> None:
    """Raises Refused for a household of too many."""
    children = sum(member.child for member in members)
    if max(children, len(members) - children) > SIZE_LIMIT:
        raise Refused(f"A household has at most {SIZE_LIMIT} adults and {SIZE_LIMIT} children.")


def profile_of(household: Household) -> Profile:
    """What eligibility looks at. What one member needs, the household needs.

    Sex and age are those of the person whom the case is about. Where the adults are not all of one sex, only a place
    for every sex suits them, and that is what an unknown sex says.
    """
    about, safety = household.members[0], household.safety
    adults = [member for member in household.members if not member.child]
    return Profile(
        sex=_sex(about, adults),
        age_band=about.age_band,
        adults=len(adults),
        children=len(household.members) - len(adults),
        wheelchair=any(member.wheelchair for member in household.members),
        needs=frozenset(need for member in household.members for need in member.needs),
        excluded_regions=safety.regions,
        excluded_municipalities=safety.municipalities,
        excluded_facilities=safety.facilities,
        secrecy_wanted=safety.secrecy_wanted,
        region=safety.region,
    )


def _sex(about: Member, adults: Iterable[Member]) -> Sex:
    return about.sex if {adult.sex for adult in adults} <= {about.sex} else Sex.UNKNOWN
