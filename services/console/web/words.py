"""The field's closed lists, in words that people use. English here; the Dutch is in `locale`."""

from collections.abc import Mapping

from services.console.web.chain_words import CHAIN_WORDS
from services.console.web.texts import later

_BECAUSE_OF_THE_PLACE = {
    "withdrawn": later("the provider took the place back"),
    "lapsed": later("nobody affirmed that the place was still free"),
    "maintenance": later("maintenance"),
    "safety": later("safety"),
    "contract_ended": later("the provider's contract ended"),
    "facility_closed": later("the facility closed"),
    "occupied": later("somebody lives there already"),
}

WORDS: Mapping[str, Mapping[str, str]] = {
    **CHAIN_WORDS,
    "role": {
        "coordinator": later("Care coordinator"),
        "helpdesk": later("Helpdesk"),
        "provider": later("Shelter provider"),
        "municipality": later("Municipality"),
        "auditor": later("Auditor"),
        "operator": later("Operator"),
    },
    "kind": {"shelter": later("Place in a shelter"), "housing": later("Home")},
    "waitlist": {
        "cosm": later("Shelter and protection (COSM)"),
        "omm": later("Shelter for men (OMM)"),
        "loverboy": later("Shelter for young victims"),
        "vo": later("Women's shelter (VO)"),
        "housing": later("Homes"),
    },
    "offer-state": {
        "enquired": later("The provider is asked first"),
        "ended": later("Did not come about"),
        "made": later("Waits for your answer"),
        "accepted": later("Accepted"),
        "fulfilled": later("Moved in"),
        "declined": later("Declined"),
        "expired": later("Not answered in time"),
        "revoked": later("Taken back"),
        "fell_through": later("Fell through"),
    },
    "offer-reason": {
        **_BECAUSE_OF_THE_PLACE,
        "unsuitable": later("does not suit them"),
        "unsafe": later("not safe for them"),
        "unreachable": later("they cannot be reached"),
        "found_elsewhere": later("they found something else"),
        "other": later("another reason"),
        "no_longer_suitable": later("it does not suit them any more"),
        "no_longer_entitled": later("they have no right to it any more"),
        "household_changed": later("the household has changed"),
        "paused": later("they stand aside for a while"),
        "left_list": later("they left the list"),
        "accepted_elsewhere": later("they accepted another place"),
        "housed": later("they have a home"),
        "no_show": later("they did not come"),
        "claim_reversed": later("the municipality took its claim back"),
        "taken_back": later("you took the answer back"),
        "left_unknown_destination": later("they left, and nobody knows where to"),
    },
    "decline": {
        "unsuitable": later("The place does not suit them"),
        "unsafe": later("The place is not safe for them"),
        "unreachable": later("They cannot be reached"),
        "found_elsewhere": later("They found something else"),
        "other": later("Another reason"),
    },
    "entry-state": {
        "waiting": later("Waits"),
        "offered": later("Has an offer"),
        "placed": later("Placed"),
        "paused": later("Stands aside"),
        "withdrawn": later("Left the list"),
        "lapsed": later("The right to it has ended"),
    },
    "unit-state": {
        "out_of_service": later("Out of service"),
        "free": later("Free"),
        "held": later("Offered to somebody"),
        "reserved": later("Somebody is coming"),
        "occupied": later("Occupied"),
    },
    "withdrawal": {
        "withdrawn": later("We need it ourselves"),
        "maintenance": later("Maintenance"),
        "safety": later("Safety"),
        "contract_ended": later("Our contract has ended"),
    },
    "slot-state": {
        "open": later("Open"),
        "held": later("Offered to a household"),
        "claimed": later("Claimed"),
        "housed": later("Moved in"),
        "withdrawn": later("Taken back"),
    },
    "claim-state": {
        "pending": later("Waits for a household"),
        "claimed": later("Claimed"),
        "housed": later("Moved in"),
        "reversed": later("Taken back"),
        "withdrawn": later("Withdrawn"),
    },
    "reversal": {
        "housing_fell_through": later("The home fell through"),
        "household_refused": later("The household refused"),
        "household_left": later("The household left"),
        "no_permit": later("There is no permit"),
        "claimed_in_error": later("Claimed by mistake"),
        "other": later("Another reason"),
    },
    "secrecy": {
        "secret": later("Secret"),
        "discreet": later("Discreet"),
        "known": later("Known"),
    },
    "sex": {
        "female": later("women"),
        "male": later("men"),
        "other": later("other"),
        "unknown": later("unknown"),
    },
    "need": {
        "addiction": later("addiction"),
        "mild_intellectual_disability": later("mild intellectual disability"),
        "psychiatric": later("psychiatric care"),
        "medical": later("medical care"),
    },
}
