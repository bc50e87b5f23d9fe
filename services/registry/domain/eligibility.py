"""May this household be offered this vacancy? Every reason why not, never only the first."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from schemas.vocabulary import AgeBand, Secrecy, Sex
from services.registry.domain.model import Entry, EntryState, Lack, Profile, Terms
from services.registry.domain.programmes import Programme


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
    EXCLUDED_PLACE = "excluded-place"
    """What is told of the three above to those who must not learn where a vacancy is."""
    NOT_SECRET_ENOUGH = "not-secret-enough"  # noqa: S105 - a reason, not a password
    OFFERED_BEFORE = "offered-before"
    """This very vacancy was offered to them before; silence or a refusal moves it on."""
    PAUSED = "paused"
    NOT_FOR_THIS_SEX = "programme-not-for-sex"
    NOT_FOR_THIS_AGE = "programme-not-for-age"
    RIGHT_ENDED = "right-ended"
    """The right to this kind of shelter has ended: for `cosm`, the reflection period is over."""
    NO_REFLECTION_PERIOD = "no-reflection-period"
    NO_PERMIT = "no-permit"
    NO_CONSENT = "no-consent"
    KEPT_FOR_LARGER_HOUSEHOLD = "kept-for-larger-household"
    """Such a household waits, and could have it."""
    OWN_REGION_FIRST = "own-region-first"
    """Someone of the vacancy's own region, who has waited about as long, goes first."""


_RULES: tuple[tuple[Reason, Callable[[Profile, Terms], bool]], ...] = (
    (Reason.TOO_FEW_PLACES, lambda profile, terms: profile.places > terms.places),
    (Reason.SEX_NOT_ACCEPTED, lambda profile, terms: not _sex_among(profile.sex, terms.sexes)),
    (Reason.AGE_NOT_ACCEPTED, lambda profile, terms: not _age_among(profile.age_band, terms.age_bands)),
    (Reason.CHILDREN_NOT_ACCEPTED, lambda profile, terms: profile.children > 0 and not terms.children),
    (Reason.NO_WHEELCHAIR_ACCESS, lambda profile, terms: profile.wheelchair and not terms.wheelchair),
    (Reason.NEED_NOT_SERVED, lambda profile, terms: not profile.needs <= terms.needs),
    # A place of which it is not known where it is may be in a region that is not safe.
    (Reason.REGION_EXCLUDED, lambda profile, terms: bool(terms.possible_regions & profile.excluded_regions)),
    (
        Reason.MUNICIPALITY_EXCLUDED,
        lambda profile, terms: (
            terms.municipality_code in profile.excluded_municipalities
            or bool(terms.former_codes & profile.excluded_municipalities)
        ),
    ),
    (Reason.FACILITY_EXCLUDED, lambda profile, terms: terms.facility_id in profile.excluded_facilities),
    (Reason.NOT_SECRET_ENOUGH, lambda profile, terms: not _secret_enough(profile.secrecy_wanted, terms.secrecy)),
)

SECRECY = (Secrecy.KNOWN, Secrecy.DISCREET, Secrecy.SECRET)
"""From the least to the most."""


@lru_cache(maxsize=65_536)
def reasons_against(profile: Profile, terms: Terms) -> tuple[Reason, ...]:
    """Every rule that keeps this household from this vacancy; empty when it is eligible."""
    return tuple(reason for reason, is_against in _RULES if is_against(profile, terms))


def is_newly_unsuitable(before: Profile, after: Profile, terms: Terms) -> bool:
    """Whether a change of the household has brought up something that keeps it from this vacancy.

    One more region that is not safe, one more need, or one more person are something, although others were there.
    """
    return not _details(after, terms) <= _details(before, terms)


def _details(profile: Profile, terms: Terms) -> set[tuple[Reason, object]]:
    """Everything that keeps them from it, one by one."""
    codes = {*terms.former_codes, terms.municipality_code}
    of: dict[Reason, Iterable[object]] = {
        Reason.TOO_FEW_PLACES: range(terms.places, profile.places),
        Reason.CHILDREN_NOT_ACCEPTED: range(profile.children),
        Reason.NEED_NOT_SERVED: profile.needs - terms.needs,
        Reason.REGION_EXCLUDED: terms.possible_regions & profile.excluded_regions,
        Reason.MUNICIPALITY_EXCLUDED: profile.excluded_municipalities & codes,
    }
    return {(reason, one) for reason in reasons_against(profile, terms) for one in of.get(reason, (None,))}


_TELL_A_PLACE = frozenset({Reason.REGION_EXCLUDED, Reason.MUNICIPALITY_EXCLUDED, Reason.FACILITY_EXCLUDED})


def without_place(reasons: Iterable[str]) -> tuple[str, ...]:
    """The same reasons, so that none of them tells where the vacancy is."""
    return tuple(dict.fromkeys(Reason.EXCLUDED_PLACE if reason in _TELL_A_PLACE else reason for reason in reasons))


def reasons_now(entry: Entry, programme: Programme, moment: datetime) -> tuple[Reason, ...]:
    """Every reason why this entry gets nothing of its list, whatever is free from this moment on; empty when it may."""
    reasons = [*reasons_of_programme(entry.profile, programme)]
    if entry.state is EntryState.PAUSED:
        reasons.append(Reason.PAUSED)
    if entry.eligible_until is not None and entry.eligible_until <= moment:
        reasons.append(Reason.RIGHT_ENDED)
    if entry.eligible_until is None and programme.requires_reflection_period:
        reasons.append(Reason.NO_REFLECTION_PERIOD)
    if Lack.PERMIT in entry.lacks and programme.requires_permit:
        reasons.append(Reason.NO_PERMIT)
    if Lack.CONSENT in entry.lacks:
        reasons.append(Reason.NO_CONSENT)
    return tuple(reasons)


def reasons_of_programme(profile: Profile, programme: Programme) -> tuple[Reason, ...]:
    """Why the whole list is not for this household; empty when it is."""
    wrong = (
        (Reason.NOT_FOR_THIS_SEX, not _sex_among(profile.sex, programme.sexes)),
        (Reason.NOT_FOR_THIS_AGE, not _age_among(profile.age_band, programme.age_bands)),
    )
    return tuple(reason for reason, is_wrong in wrong if is_wrong)


def _sex_among(sex: Sex, sexes: Collection[Sex]) -> bool:
    """An unknown sex fits only where every sex does."""
    return set(Sex) - {Sex.UNKNOWN} <= set(sexes) if sex is Sex.UNKNOWN else sex in sexes


def _age_among(age_band: AgeBand, bands: Collection[AgeBand]) -> bool:
    """Unclear age: presume a child (Directive 2011/36/EU, article 13(2)), so what is to fit must be for minors.

    For all of them who may be on their own: who is presumed a child may be twelve or seventeen.
    """
    if age_band is AgeBand.UNKNOWN:
        return {AgeBand.AGE_12_TO_15, AgeBand.AGE_16_TO_17} <= set(bands)
    return age_band in bands


def _secret_enough(wanted: Secrecy, offered: Secrecy | None) -> bool:
    return offered is None or SECRECY.index(wanted) <= SECRECY.index(offered)
