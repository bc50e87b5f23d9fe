"""What must never be false, as checks over the databases of a world in which no message is under way.

Each names the invariant of the design that it holds; together they run after every test of a journey.
"""

from collections import Counter
from typing import Any
from uuid import UUID

from sqlalchemy import select

from schemas.messages.deadlines import LeaseMessage
from services.cli.across import findings as findings_across
from services.cli.check import CHECKS
from services.municipalities.domain.ledger import Account, Kind
from services.municipalities.tables import claims, ledger
from services.notifications.tables import notifications as inbox
from services.registry.domain.model import OfferState
from services.registry.handlers.replay import Outcome, replay
from tests.support.world import World

EVERY_DECISION = 1_000_000

ENDINGS = {
    OfferState.DECLINED: "offer-declined",
    OfferState.EXPIRED: "offer-expired",
    OfferState.REVOKED: "offer-revoked",
    OfferState.FELL_THROUGH: "placement-fell-through",
    OfferState.ENDED: "enquiry-ended",
}
NEVER_OFFERED = (OfferState.ENQUIRED, OfferState.ENDED)
SAID_AGAIN = ("reflection-period-ending", "contact-needed", "household-changed")
OF_PLACEMENTS = ("placement-recorded", "recorded-placement-ended")
NOT_OF_OFFERS = ("placement-ended", *SAID_AGAIN, *OF_PLACEMENTS)
TOLD_TO_OWNERS_ONLY = ("enquiry-made", "enquiry-ended", "household-changed", *OF_PLACEMENTS)


async def check_everything(world: World) -> None:
    """All invariants at once; the world must be settled."""
    await each_service_keeps_its_own_rules(world)
    await the_services_agree(world)
    await every_decision_can_be_made_again(world)
    await every_offer_has_one_outcome(world)
    await versions_only_rise(world)
    await nothing_is_counted_twice(world)
    await everyone_concerned_was_told(world)
    await nothing_is_in_quarantine(world)


async def each_service_keeps_its_own_rules(world: World) -> None:
    """What `doorstroom check` asks of each service's database: nothing is found in any."""
    for name, findings in CHECKS.items():
        assert not (found := await world.run(name, findings)), found


async def the_services_agree(world: World) -> None:
    """What `doorstroom check --at-rest` asks: every bed and slot is in exactly one state, and none is forgotten."""
    found = await findings_across({name: service.transactions for name, service in world.services.items()})
    assert not found, found


async def every_decision_can_be_made_again(world: World) -> None:
    """From what it looked at follow the same bytes, and nobody is passed over without a reason."""
    replayed = await world.run("registry", lambda unit: replay(unit, world.matchmaker.programmes, None, EVERY_DECISION))
    assert [item for item in replayed if item.outcome is not Outcome.SAME] == []


async def every_offer_has_one_outcome(world: World) -> None:
    """One event says that an offer was made, at most one that it was accepted, and at most one how it ended."""
    told: Counter[tuple[str, object]] = Counter(
        (kind, data.offer_id) for kind, data in await world.events("registry") if kind not in NOT_OF_OFFERS
    )
    reminded = [told.pop(key) for key in list(told) if key[0] == "deadline-nearing"]
    assert all(times == 1 for times in reminded)
    expected: Counter[tuple[str, object]] = Counter()
    refusals_undone = set[tuple[UUID, UUID]]()
    for offer in await world.offers():
        pair = (offer["vacancy_id"], offer["entry_id"])
        if offer["state"] not in NEVER_OFFERED:
            expected["offer-made", offer["id"]] = 1
        is_mediated = world.matchmaker.programmes.at(offer["waitlist"], offer["made_at"]).mediates
        # A provider who agreed to them as they are is not asked again.
        if is_mediated and (pair not in refusals_undone or told["enquiry-made", offer["id"]]):
            expected["enquiry-made", offer["id"]] = 1
        if offer["state"] in (OfferState.ACCEPTED, OfferState.FULFILLED, OfferState.FELL_THROUGH):
            expected["offer-accepted", offer["id"]] = 1
        if offer["state"] == OfferState.FULFILLED and told["placement-fell-through", offer["id"]]:
            # They were there before anyone there heard that it had been given up.
            expected["placement-fell-through", offer["id"]] = 1
        if offer["state"] in ENDINGS:
            expected[ENDINGS[OfferState(offer["state"])], offer["id"]] = 1
        if offer["undone"] and offer["state"] == OfferState.DECLINED:
            refusals_undone.add(pair)
    assert told == expected


async def versions_only_rise(world: World) -> None:
    """No two events of one owner about one thing have the same version."""
    for service in ("registry", "shelters", "municipalities"):
        numbers = [(_subject(data), data.version) for _, data in await world.events(service)]
        assert len(set(numbers)) == len(numbers)


async def nothing_is_counted_twice(world: World) -> None:
    """The ledger claims each household and counts it when housed, once, with its people."""
    arrived = (ledger.c.kind == ledger.c.account) & ledger.c.claim_id.is_not(None)
    lines = await world.rows("municipalities", select(ledger).where(arrived))
    counted = Counter((row["claim_id"], row["kind"], row["people"]) for row in lines)
    resized = (ledger.c.kind == Kind.CLAIM_RESIZED) & (ledger.c.account == Account.CLAIMED)
    grown = {
        row["claim_id"]: row["people"] for row in await world.rows("municipalities", select(ledger).where(resized))
    }
    expected: Counter[tuple[object, str, int]] = Counter()
    for claim in await world.rows("municipalities", select(claims)):
        if claim["claimed_at"] is not None:
            expected[claim["id"], "claimed", claim["people"] - grown.get(claim["id"], 0)] = 1
        if claim["counted"]:
            expected[claim["id"], "housed", claim["people"]] = 1
    assert counted == expected


async def everyone_concerned_was_told(world: World) -> None:
    """The newest event about each offer is in its coordinator's inbox, once."""
    told = await world.rows("notifications", select(inbox))
    newest = {
        _told_about(data): kind
        for kind, data in sorted(await world.events("registry"), key=lambda item: item[1].version)
        if kind not in TOLD_TO_OWNERS_ONLY
    }
    pairs = Counter((row["subject"], row["kind"]) for row in told)
    assert all(
        pairs[subject, kind] == 1 or (pairs[subject, kind] and kind in SAID_AGAIN) for subject, kind in newest.items()
    )


async def nothing_is_in_quarantine(world: World) -> None:
    """Our own messages are never refused by our own services."""
    for name, service in world.services.items():
        assert not await world.count(name, service.tables.quarantine)


def _subject(data: Any) -> object:  # noqa: ANN401 - of any type of message
    """What the versions of such a message count: of its leases apart from the vacancy."""
    if isinstance(data, LeaseMessage):
        return "lease", data.vacancy_id
    names = ("vacancy_id", "case_id", "entry_id", "placement_id")
    return next(getattr(data, name) for name in names if hasattr(data, name))


def _told_about(data: Any) -> UUID:  # noqa: ANN401 - of any type of message
    """What a notification of it is about."""
    return next(getattr(data, name) for name in ("entry_id", "offer_id", "case_id") if hasattr(data, name))
