"""The field's words, as closed lists. ARCHITECTURE.md explains them; the standard library is all this needs."""

from enum import StrEnum


class Language(StrEnum):
    """In which language somebody is written to."""

    NL = "nl"
    EN = "en"


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


class UndoReason(StrEnum):
    """Why an answer is taken back."""

    MISTAKE = "mistake"
    CHANGED_MIND = "changed_mind"
    MISUNDERSTANDING = "misunderstanding"


class WithdrawalReason(StrEnum):
    """Why a vacancy is not to be had after all."""

    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    MAINTENANCE = "maintenance"
    SAFETY = "safety"
    CONTRACT_ENDED = "contract_ended"
    FACILITY_CLOSED = "facility_closed"
    OCCUPIED = "occupied"
    """A household lives there already, as was recorded after the fact."""


class RevocationReason(StrEnum):
    """Why an offer is taken back before there was an answer: its vacancy is gone, or it became wrong."""

    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    MAINTENANCE = "maintenance"
    SAFETY = "safety"
    CONTRACT_ENDED = "contract_ended"
    FACILITY_CLOSED = "facility_closed"
    OCCUPIED = "occupied"
    NO_LONGER_SUITABLE = "no_longer_suitable"
    NO_LONGER_ENTITLED = "no_longer_entitled"
    HOUSEHOLD_CHANGED = "household_changed"
    """What the provider agreed to is not true any more; it is asked again."""
    PAUSED = "paused"
    LEFT_LIST = "left_list"
    ACCEPTED_ELSEWHERE = "accepted_elsewhere"
    HOUSED = "housed"


class EnquiryEndReason(StrEnum):
    """Why an enquiry came to nothing before the household's coordinator heard of it."""

    REFUSED = "refused"
    UNANSWERED = "unanswered"
    VACANCY_GONE = "vacancy_gone"
    HOUSEHOLD_NO_LONGER_MEANT = "household_no_longer_meant"
    HOUSEHOLD_CHANGED = "household_changed"
    """What the provider was told of them is not true any more; it may be asked about them again."""


class FallThroughReason(StrEnum):
    """Why an accepted offer came to nothing."""

    NO_SHOW = "no_show"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    MAINTENANCE = "maintenance"
    SAFETY = "safety"
    CONTRACT_ENDED = "contract_ended"
    FACILITY_CLOSED = "facility_closed"
    CLAIM_REVERSED = "claim_reversed"
    OCCUPIED = "occupied"
    TAKEN_BACK = "taken_back"
    """The coordinator took the acceptance back."""
    HOUSED = "housed"
    """Before they arrived they got a home."""
    LEFT_UNKNOWN_DESTINATION = "left_unknown_destination"
    """Before they arrived they left, and nobody knows where to."""


class PlacementEndReason(StrEnum):
    """Why the registry ends a placement."""

    HOUSED = "housed"
    MOVED = "moved"
    """They arrived in another shelter."""
    LEFT_UNKNOWN_DESTINATION = "left_unknown_destination"
    """The coordinator says that they left, and nobody knows where to."""


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


class UnitState(StrEnum):
    """Where a unit of a shelter stands."""

    OUT_OF_SERVICE = "out_of_service"
    FREE = "free"
    HELD = "held"
    RESERVED = "reserved"
    OCCUPIED = "occupied"


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


class Referrer(StrEnum):
    """Who reports a presumed victim. The first three must; everyone else may."""

    POLICE = "police"
    KMAR = "kmar"
    LABOUR_INSPECTORATE = "labour_inspectorate"
    COORDINATOR = "coordinator"
    SHELTER = "shelter"
    YOUTH_CARE = "youth_care"
    NON_GOVERNMENTAL = "non_governmental"
    LAWYER = "lawyer"
    SELF = "self"
    OTHER = "other"


class Purpose(StrEnum):
    """What facts about a household are passed on for."""

    SHELTER = "shelter"
    HOUSING = "housing"


class LegalBasis(StrEnum):
    """On what ground facts are passed on (GDPR, article 6(1), in its order)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTERESTS = "vital_interests"
    PUBLIC_TASK = "public_task"
    LEGITIMATE_INTERESTS = "legitimate_interests"


class ExclusionReason(StrEnum):
    """Why a place is not safe for a household."""

    RECRUITER_THERE = "recruiter_there"
    SAME_NETWORK_THERE = "same_network_there"
    EXPLOITED_THERE = "exploited_there"
    FAMILY_THERE = "family_there"
    OTHER = "other"


class ReflectionEnd(StrEnum):
    """How a reflection period ends."""

    LEFT_UNKNOWN_DESTINATION = "left_unknown_destination"
    DECLINED = "declined"
    COMPLAINT_FILED_OR_COOPERATING = "complaint_filed_or_cooperating"
    OTHER_PERMIT_APPLIED = "other_permit_applied"
    EXPIRED = "expired"


class PermitKind(StrEnum):
    """On what ground a permit was granted, as far as a place on the housing list needs to know."""

    HUMANITARIAN_TEMPORARY = "humanitarian_temporary"
    HUMANITARIAN_PERMANENT = "humanitarian_permanent"
    ASYLUM = "asylum"
    OTHER = "other"


class ContactChannel(StrEnum):
    """How a coordinator tried to reach a household."""

    TELEPHONE = "telephone"
    MESSAGE = "message"
    EMAIL = "email"
    IN_PERSON = "in_person"
    BACK_UP_CONTACT = "back_up_contact"


class ContactOutcome(StrEnum):
    """What came of an attempt to reach a household."""

    REACHED = "reached"
    LEFT_WORD = "left_word"
    NOT_REACHED = "not_reached"


class ContactReason(StrEnum):
    """Why somebody should find out what keeps a household, or its coordinator, from answering."""

    SILENT_REPEATEDLY = "silent_repeatedly"
    """So many offers in a row ran out that the household stands aside until somebody has looked."""
    REMINDED_IN_VAIN = "reminded_in_vain"
    PLACE_NO_LONGER_SUITABLE = "place_no_longer_suitable"
    """What they accepted or live in does not suit them any more, is not safe, or they have no right to it any more.

    It is for people to decide what now.
    """
    HOUSEHOLD_CHANGED = "household_changed"
    """What the provider agreed to before they accepted is not true any more: tell the provider."""
    PROVIDER_SILENT = "provider_silent"
    """A provider was asked whether it takes a household, and did not answer. Told to the helpdesk only."""


class PlacementKind(StrEnum):
    """How a household came to a place that the registry did not offer it."""

    EMERGENCY = "emergency"
    OUTSIDE = "outside"


class PlacementReview(StrEnum):
    """What a coordinator finds of a placement that was recorded after the fact."""

    SUITABLE = "suitable"
    TO_BE_MOVED = "to_be_moved"
    RECORDED_IN_ERROR = "recorded_in_error"


class RecordedPlacementEnd(StrEnum):
    """How a placement that was recorded after the fact is over."""

    LEFT = "left"
    MOVED_INTO_SHELTER = "moved_into_shelter"
    HOUSED = "housed"
    RECORDED_IN_ERROR = "recorded_in_error"


class PlacementConflict(StrEnum):
    """Why a household that was recorded in a unit cannot be there, as far as its provider's records go."""

    UNIT_UNKNOWN = "unit_unknown"
    UNIT_RESERVED = "unit_reserved"
    UNIT_OCCUPIED = "unit_occupied"


class MergeUndoReason(StrEnum):
    """Why two cases are taken apart again."""

    TWO_PERSONS = "two_persons"
    MERGED_IN_ERROR = "merged_in_error"
    OTHER = "other"


class SubscriptionChannel(StrEnum):
    """In which way a subscription tells its organisation."""

    WEBHOOK = "webhook"
    EMAIL = "email"


class NotificationKind(StrEnum):
    """What a notification may be about; the last four are about subscriptions themselves."""

    OFFER_MADE = "offer-made"
    OFFER_ACCEPTED = "offer-accepted"
    OFFER_DECLINED = "offer-declined"
    OFFER_EXPIRED = "offer-expired"
    OFFER_REVOKED = "offer-revoked"
    PLACEMENT_FELL_THROUGH = "placement-fell-through"
    PLACEMENT_ENDED = "placement-ended"
    DEADLINE_NEARING = "deadline-nearing"
    REFLECTION_PERIOD_ENDING = "reflection-period-ending"
    CONTACT_NEEDED = "contact-needed"
    LEASE_ENDING = "lease-ending"
    LEASE_SETTLED = "lease-settled"
    OFFER_UNANSWERED = "offer-unanswered"
    OFFER_FOR_SUBSTITUTE = "offer-for-substitute"
    OFFER_FOR_HELPDESK = "offer-for-helpdesk"
    SUBSCRIPTION_TEST = "subscription-test"
    SUBSCRIPTION_FAILING = "subscription-failing"
    SUBSCRIPTION_DISABLED = "subscription-disabled"
    DELIVERY_DEAD = "delivery-dead"


class DeliveryOrder(StrEnum):
    """Whether what is about one thing comes in order, each after the one before has arrived; or everything at once."""

    BY_SUBJECT = "by_subject"
    FASTEST = "fastest"


class SubscriptionState(StrEnum):
    """Whether a subscription delivers; `verifying` until its endpoint has said that it wants to be told."""

    VERIFYING = "verifying"
    ENABLED = "enabled"
    PAUSED = "paused"
    DISABLED = "disabled"


class DeliveryState(StrEnum):
    """What has become of a delivery; `dead` after its last attempt, `skipped` when its owner wanted so."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    SKIPPED = "skipped"


class AttemptVerdict(StrEnum):
    """What an attempt led to; after `failed` the next one follows, after `refused` and `gone` none."""

    DELIVERED = "delivered"
    FAILED = "failed"
    REFUSED = "refused"
    GONE = "gone"


class ReplayOutcome(StrEnum):
    """What came of making a decision again."""

    SAME = "same"
    DIFFERS = "differs"
    """The rules as they are choose someone else, or explain it otherwise."""
    ALTERED = "altered"
    """What is stored is not what was stored when it was made."""
    UNEXPLAINED = "unexplained"
    """Somebody was passed over without a reason."""
    UNKNOWN_POLICY = "unknown-policy"
    """This version does not know the policy that it names."""
    NOT_KEPT = "not-kept"
    """It is older than the keeping of what decisions looked at."""
