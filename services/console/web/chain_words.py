"""The words of those who watch over the chain: of decisions, deliveries and what could not be handled."""

from collections.abc import Mapping

from services.console.web.texts import later

CHAIN_WORDS: Mapping[str, Mapping[str, str]] = {
    "list": {
        "cosm": later("COSM"),
        "omm": later("OMM"),
        "loverboy": later("Young victims"),
        "vo": later("Women's shelter"),
        "housing": later("Homes"),
    },
    "service": {
        "registry": later("Registry"),
        "shelters": later("Shelters"),
        "municipalities": later("Municipalities"),
        "notifications": later("Notifications"),
    },
    "rule": {
        "more-urgent": later("more urgent"),
        "waiting-longer": later("waits longer"),
        "lower-lot": later("first in the draw"),
        "tie": later("registered just before"),
    },
    "reason": {
        "too-few-places": later("there are too few places for the household"),
        "sex-not-accepted": later("the place does not take people of this sex"),
        "age-not-accepted": later("the place does not take people of this age"),
        "children-not-accepted": later("the place does not take children"),
        "no-wheelchair-access": later("a wheelchair cannot get in"),
        "need-not-served": later("the place does not give the care that is needed"),
        "region-excluded": later("the region is not safe for them"),
        "municipality-excluded": later("the municipality is not safe for them"),
        "facility-excluded": later("the facility is not safe for them"),
        "excluded-place": later("the place is not safe for them"),
        "not-secret-enough": later("the address is not secret enough"),
        "offered-before": later("this very place was offered to them before"),
        "paused": later("they stand aside for a while"),
        "programme-not-for-sex": later("the list is not for people of this sex"),
        "programme-not-for-age": later("the list is not for people of this age"),
        "right-ended": later("their right to this kind of shelter has ended"),
        "no-reflection-period": later("there is no reflection period"),
        "no-permit": later("there is no permit"),
        "no-consent": later("there is no consent"),
        "kept-for-larger-household": later("the place is kept for a larger household that waits"),
        "own-region-first": later("somebody of the place's own region goes first"),
    },
    "replay": {
        "differs": later(
            "Made again, it is another: the rules as they are choose somebody else, or explain it otherwise."
        ),
        "altered": later("What is stored is not what was stored when it was made: somebody has changed it."),
        "unexplained": later("Made again, somebody was passed over without a reason."),
        "unknown-policy": later("This version of doorstroom does not know the policy that it was made by."),
        "not-kept": later("It cannot be made again: it is older than the keeping of what decisions look at."),
    },
    "notification": {
        "offer-made": later("A new offer"),
        "offer-accepted": later("An offer was accepted"),
        "offer-declined": later("An offer was declined"),
        "offer-expired": later("An offer ran out"),
        "offer-revoked": later("An offer was taken back"),
        "placement-fell-through": later("A placement fell through"),
        "placement-ended": later("A placement has ended"),
        "deadline-nearing": later("A deadline is near"),
        "reflection-period-ending": later("A reflection period ends soon"),
        "contact-needed": later("Somebody is to be contacted"),
        "offer-unanswered": later("An offer stays without an answer"),
        "offer-for-substitute": later("An offer for who stands in"),
        "offer-for-helpdesk": later("An offer for the helpdesk"),
        "subscription-test": later("A test"),
        "subscription-failing": later("A subscription fails"),
        "subscription-disabled": later("A subscription was stopped"),
        "delivery-dead": later("A delivery was given up"),
    },
    "delivery-state": {
        "pending": later("Under way"),
        "delivered": later("Delivered"),
        "dead": later("Given up"),
        "skipped": later("Skipped"),
    },
    "verdict": {
        "delivered": later("Delivered"),
        "failed": later("Failed, is tried again"),
        "refused": later("Refused"),
        "gone": later("Nobody is there any more"),
    },
}
