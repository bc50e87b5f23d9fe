"""The field's words, as closed lists. ARCHITECTURE.md explains them; the standard library is all this needs."""

from enum import StrEnum


class ListKind(StrEnum):
    """What a waitlist is for."""

    SHELTER = "shelter"
    HOUSING = "housing"


class Programme(StrEnum):
    """A kind of shelter (opvangvorm)."""

    COSM = "cosm"
    OMM = "omm"
    LOVERBOY = "loverboy"
    VO = "vo"


class Sex(StrEnum):
    """As registered; unknown is a normal value."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


class AgeBand(StrEnum):
    """Years of age, both ends included; unknown is a normal value, and presumed to be a child."""

    UNDER_12 = "0-11"
    AGE_12_TO_15 = "12-15"
    AGE_16_TO_17 = "16-17"
    AGE_18_TO_22 = "18-22"
    AGE_23_PLUS = "23-plus"
    UNKNOWN = "unknown"


class Need(StrEnum):
    """What a household needs from the place where it stays."""

    ADDICTION = "addiction"
    MILD_INTELLECTUAL_DISABILITY = "mild_intellectual_disability"
    PSYCHIATRIC = "psychiatric"
    MEDICAL = "medical"


class DeclineReason(StrEnum):
    """Why a coordinator declines an offer."""

    UNSUITABLE = "unsuitable"
    UNSAFE = "unsafe"
    UNREACHABLE = "unreachable"
    FOUND_ELSEWHERE = "found_elsewhere"
    OTHER = "other"


class WithdrawalReason(StrEnum):
    """Why a vacancy is not to be had after all."""

    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class FallThroughReason(StrEnum):
    """Why an accepted offer came to nothing."""

    NO_SHOW = "no_show"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    CLAIM_REVERSED = "claim_reversed"


class PlacementEndReason(StrEnum):
    """Why the registry ends a placement."""

    HOUSED = "housed"


class ClaimReversalReason(StrEnum):
    """Why a municipality takes a claim back, or why a household that was housed does not count after all."""

    HOUSING_FELL_THROUGH = "housing_fell_through"
    HOUSEHOLD_REFUSED = "household_refused"
    HOUSEHOLD_LEFT = "household_left"
    NO_PERMIT = "no_permit"
    CLAIMED_IN_ERROR = "claimed_in_error"
    OTHER = "other"


class Province(StrEnum):
    """The twelve provinces, each of which supervises its municipalities."""

    DRENTHE = "Drenthe"
    FLEVOLAND = "Flevoland"
    FRYSLAN = "Fryslân"
    GELDERLAND = "Gelderland"
    GRONINGEN = "Groningen"
    LIMBURG = "Limburg"
    NOORD_BRABANT = "Noord-Brabant"
    NOORD_HOLLAND = "Noord-Holland"
    OVERIJSSEL = "Overijssel"
    UTRECHT = "Utrecht"
    ZEELAND = "Zeeland"
    ZUID_HOLLAND = "Zuid-Holland"
