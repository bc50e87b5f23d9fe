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
    MAINTENANCE = "maintenance"
    SAFETY = "safety"
    CONTRACT_ENDED = "contract_ended"
    FACILITY_CLOSED = "facility_closed"


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
    PLACEMENT_FELL_THROUGH = "placement_fell_through"
    """Never given by a municipality: the registry let the placement fall through after it was claimed."""


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


class Secrecy(StrEnum):
    """How well the place of a facility is kept secret; secret unless somebody decides otherwise."""

    SECRET = "secret"  # noqa: S105 - a word, not a password
    DISCREET = "discreet"
    KNOWN = "known"


class Region(StrEnum):
    """The ten regional units of the Dutch police (Politiewet 2012, article 25), as opaque codes."""

    NOORD_NEDERLAND = "noord_nederland"
    OOST_NEDERLAND = "oost_nederland"
    MIDDEN_NEDERLAND = "midden_nederland"
    NOORD_HOLLAND = "noord_holland"
    AMSTERDAM = "amsterdam"
    DEN_HAAG = "den_haag"
    ROTTERDAM = "rotterdam"
    ZEELAND_WEST_BRABANT = "zeeland_west_brabant"
    OOST_BRABANT = "oost_brabant"
    LIMBURG = "limburg"


class DepartureReason(StrEnum):
    """Where a household goes from a shelter, as far as anyone is told."""

    ONWARD_HOME = "onward_home"
    ONWARD_SHELTER = "onward_shelter"
    LEFT_UNKNOWN_DESTINATION = "left_unknown_destination"
    RETURNED_HOME = "returned_home"
    OTHER = "other"


class DelayReason(StrEnum):
    """Why a household stays longer than a shelter is meant for."""

    NO_HOME_AVAILABLE = "no_home_available"
    PERMIT_PENDING = "permit_pending"
    CARE_PENDING = "care_pending"
    OTHER = "other"


class EnquiryRefusal(StrEnum):
    """Why a provider does not take a household that it was asked about."""

    NOT_SUITABLE = "not_suitable"
    FULL = "full"
    SAFETY = "safety"
    OTHER = "other"


class ContractKind(StrEnum):
    """Whether contracted places are meant to stay, or are extra ones for a while."""

    STRUCTURAL = "structural"
    TEMPORARY = "temporary"
