"""Where do they stand, what would change it, and how long may it take? Never who the others are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schemas.vocabulary import AgeBand
from services.registry.domain.eligibility import Reason
from services.registry.domain.model import Profile

FEWEST_PLACEMENTS = 10
"""From fewer placements than these nothing is concluded, and nobody can be recognised."""
LOWEST_PERCENT, HIGHEST_PERCENT = 10, 90


class Basis(StrEnum):
    """Whose waiting an expectation is drawn from."""

    ALIKE = "alike"
    """Households of the same size that need the same from a place."""
    LIST = "list"
    """Everyone who was placed from the list."""


@dataclass(frozen=True, slots=True)
class ExpectedWait:
    """Eight of ten waited between `lowest_days` and `highest_days`."""

    lowest_days: int
    highest_days: int
    basis: Basis
    placements: int


@dataclass(frozen=True, slots=True)
class Remedy:
    """What would have to be otherwise, for programs (`change` and `values`) and for people."""

    change: str
    values: tuple[str, ...]
    dutch: str
    english: str


def expected_wait(profile: Profile, waited: Sequence[tuple[Profile, datetime, datetime]]) -> ExpectedWait | None:
    """How long those who were placed waited, as a range of days; None when too few were."""
    alike = [item for item in waited if _alike(item[0], profile)]
    for basis, placed in ((Basis.ALIKE, alike), (Basis.LIST, waited)):
        if len(placed) >= FEWEST_PLACEMENTS:
            days = sorted(max(0, (until - since).days) for _, since, until in placed)
            return ExpectedWait(_percentile(days, LOWEST_PERCENT), _percentile(days, HIGHEST_PERCENT), basis, len(days))
    return None


def remedy(reason: Reason, profile: Profile) -> Remedy:
    """What would take this reason away: a vacancy with other terms, seen from the household."""
    return _REMEDIES[reason](profile)


def a_year_before(moment: datetime) -> datetime:
    """The same moment twelve months earlier; of 29 February, that of the 28th."""
    is_leap_day = (moment.month, moment.day) == (2, 29)
    return moment.replace(year=moment.year - 1, day=28 if is_leap_day else moment.day)


def _percentile(days: Sequence[int], percent: int) -> int:
    """The nearest rank: the smallest number that so many percent do not exceed."""
    return days[-(-percent * len(days) // 100) - 1]


def _alike(one: Profile, other: Profile) -> bool:
    def looks_for(profile: Profile) -> tuple[object, ...]:
        return profile.sex, profile.places, profile.children > 0, profile.wheelchair, profile.needs

    return looks_for(one) == looks_for(other)


_DUTCH: Mapping[str, str] = {
    "female": "vrouwen",
    "male": "mannen",
    "other": "mensen met een ander geslacht",
    "unknown": "mensen van elk geslacht",
    "addiction": "verslaving",
    "mild_intellectual_disability": "een licht verstandelijke beperking",
    "psychiatric": "psychiatrische zorg",
    "medical": "medische zorg",
    "0-11": "0 tot en met 11 jaar",
    "12-15": "12 tot en met 15 jaar",
    "16-17": "16 en 17 jaar",
    "18-22": "18 tot en met 22 jaar",
    "23-plus": "23 jaar en ouder",
}
_ENGLISH: Mapping[str, str] = {
    "female": "women",
    "male": "men",
    "other": "people of another sex",
    "unknown": "people of any sex",
    "addiction": "addiction",
    "mild_intellectual_disability": "a mild intellectual disability",
    "psychiatric": "psychiatric care",
    "medical": "medical care",
    "0-11": "0 to 11 years",
    "12-15": "12 to 15 years",
    "16-17": "16 and 17 years",
    "18-22": "18 to 22 years",
    "23-plus": "23 years and older",
}


def _more_places(profile: Profile) -> Remedy:
    places = profile.places
    return Remedy(
        "places", (str(places),), f"een plek voor minstens {places} mensen", f"a place for at least {places} people"
    )


def _sex(profile: Profile) -> Remedy:
    dutch, english = _DUTCH[profile.sex], _ENGLISH[profile.sex]
    return Remedy("accepts-sex", (profile.sex,), f"een plek die {dutch} opneemt", f"a place that takes {english}")


def _age(profile: Profile) -> Remedy:
    # Unclear age: presume a child (Directive 2011/36/EU, article 13(2)).
    bands = (AgeBand.AGE_12_TO_15, AgeBand.AGE_16_TO_17) if profile.age_band is AgeBand.UNKNOWN else (profile.age_band,)
    dutch, english = (" of ".join(_DUTCH[band] for band in bands), " or ".join(_ENGLISH[band] for band in bands))
    return Remedy("accepts-age", bands, f"een plek voor {dutch}", f"a place for {english}")


def _needs(profile: Profile) -> Remedy:
    needs = tuple(sorted(profile.needs))
    dutch, english = (" en ".join(_DUTCH[need] for need in needs), " and ".join(_ENGLISH[need] for need in needs))
    return Remedy("serves-needs", needs, f"een plek die {dutch} aankan", f"a place that serves {english}")


def _secrecy(profile: Profile) -> Remedy:
    return Remedy(
        "secrecy",
        (profile.secrecy_wanted,),
        "een plek waarvan de locatie beter geheim blijft",
        "a place whose location is kept more secret",
    )


def _simply(change: str, dutch: str, english: str) -> Callable[[Profile], Remedy]:
    remedy = Remedy(change, (), dutch, english)
    return lambda _profile: remedy


_REMEDIES: Mapping[Reason, Callable[[Profile], Remedy]] = {
    Reason.TOO_FEW_PLACES: _more_places,
    Reason.SEX_NOT_ACCEPTED: _sex,
    Reason.AGE_NOT_ACCEPTED: _age,
    Reason.CHILDREN_NOT_ACCEPTED: _simply(
        "accepts-children", "een plek die kinderen opneemt", "a place that takes children"
    ),
    Reason.NO_WHEELCHAIR_ACCESS: _simply(
        "wheelchair-access",
        "een plek die met een rolstoel toegankelijk is",
        "a place that can be entered with a wheelchair",
    ),
    Reason.NEED_NOT_SERVED: _needs,
    # Whether its region, municipality or facility is excluded would tell something of where it is.
    Reason.EXCLUDED_PLACE: _simply("elsewhere", "een plek die niet is uitgesloten", "a place that is not excluded"),
    Reason.NOT_SECRET_ENOUGH: _secrecy,
    Reason.NOT_FOR_THIS_SEX: _simply("another-list", "een andere lijst", "another list"),
    Reason.NOT_FOR_THIS_AGE: _simply("another-list", "een andere lijst", "another list"),
    Reason.OFFERED_BEFORE: _simply("another-vacancy", "een andere vrije plek", "another vacancy than this one"),
    Reason.PAUSED: _simply("resume", "hervatten op de lijst", "resuming on the list"),
    Reason.RIGHT_ENDED: _simply(
        "entitlement", "een nieuw recht op deze vorm van opvang", "a new right to this kind of shelter"
    ),
    Reason.NO_REFLECTION_PERIOD: _simply("reflection-period", "een lopende bedenktijd", "a running reflection period"),
    Reason.NO_PERMIT: _simply("permit", "een verblijfsvergunning", "a residence permit"),
    Reason.NO_CONSENT: _simply("consent", "toestemming om gegevens te delen", "consent to pass facts on"),
    Reason.KEPT_FOR_LARGER_HOUSEHOLD: _simply(
        "no-larger-household",
        "een plek die niet voor grotere huishoudens is bestemd",
        "a place that is not kept for larger households",
    ),
    Reason.OWN_REGION_FIRST: _simply(
        "own-region", "een plek in de regio waar opvang wordt gezocht", "a place in the region where shelter is sought"
    ),
}
