"""May this household be offered this vacancy? Every reason why not, never only the first."""

from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache

from schemas.vocabulary import AgeBand, Secrecy, Sex
from services.registry.domain.model import Profile, Terms


class Reason(StrEnum):
    """Why a vacancy is not for a household."""

    TOO_FEW_PLACES = "too-few-places"
    SEX_NOT_ACCEPTED = "sex-not-accepted"
    AGE_NOT_ACCEPTED = "age-not-accepted"
    CHILDREN_NOT_ACCEPTED = "children-not-accepted"
    NO_WHEELCHAIR_ACCESS = "no-wheelchair-access"
    NEED_NOT_SERVED = "need-not-served"
    REGION_EXCLUDED = "region-excluded"
    MUNICIPALITY_EXCLUDED = "municipality-excluded"
    FACILITY_EXCLUDED = "facility-excluded"
    NOT_SECRET_ENOUGH = "not-secret-enough"  # noqa: S105 - a reason, not a password
    OFFERED_BEFORE = "offered-before"
    """This very vacancy was offered to them before; silence or a refusal moves it on."""


_RULES: tuple[tuple[Reason, Callable[[Profile, Terms], bool]], ...] = (
    (Reason.TOO_FEW_PLACES, lambda profile, terms: profile.places > terms.places),
    (Reason.SEX_NOT_ACCEPTED, lambda profile, terms: not _sex_accepted(profile.sex, terms)),
    (Reason.AGE_NOT_ACCEPTED, lambda profile, terms: not _age_accepted(profile.age_band, terms)),
    (Reason.CHILDREN_NOT_ACCEPTED, lambda profile, terms: profile.children > 0 and not terms.children),
    (Reason.NO_WHEELCHAIR_ACCESS, lambda profile, terms: profile.wheelchair and not terms.wheelchair),
    (Reason.NEED_NOT_SERVED, lambda profile, terms: not profile.needs <= terms.needs),
    (Reason.REGION_EXCLUDED, lambda profile, terms: terms.region in profile.excluded_regions),
    (Reason.MUNICIPALITY_EXCLUDED, lambda profile, terms: terms.municipality_code in profile.excluded_municipalities),
    (Reason.FACILITY_EXCLUDED, lambda profile, terms: terms.facility_id in profile.excluded_facilities),
    (Reason.NOT_SECRET_ENOUGH, lambda profile, terms: not _secret_enough(profile.secrecy_wanted, terms.secrecy)),
)

_SECRECY = (Secrecy.KNOWN, Secrecy.DISCREET, Secrecy.SECRET)
"""From the least to the most."""


@lru_cache(maxsize=65_536)
def reasons_against(profile: Profile, terms: Terms) -> tuple[Reason, ...]:
    """Every rule that keeps this household from this vacancy; empty when it is eligible."""
    return tuple(reason for reason, is_against in _RULES if is_against(profile, terms))


def _sex_accepted(sex: Sex, terms: Terms) -> bool:
    """An unknown sex fits only where every sex does."""
    return set(Sex) - {Sex.UNKNOWN} <= terms.sexes if sex is Sex.UNKNOWN else sex in terms.sexes


def _age_accepted(age_band: AgeBand, terms: Terms) -> bool:
    """Unclear age: presume a child (Directive 2011/36/EU, article 13(2)), so a place must take the minors' bands."""
    if age_band is AgeBand.UNKNOWN:
        return bool(terms.age_bands & {AgeBand.AGE_12_TO_15, AgeBand.AGE_16_TO_17})
    return age_band in terms.age_bands


def _secret_enough(wanted: Secrecy, offered: Secrecy | None) -> bool:
    return offered is None or _SECRECY.index(wanted) <= _SECRECY.index(offered)
