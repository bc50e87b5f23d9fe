"""What must never be false, as checks over the databases of a world in which no message is under way.

Each names the invariant of the design that it holds; together they run after every test of a journey.
"""

from collections import Counter
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from services.chassis.database import Row
from services.municipalities import checks
from services.municipalities.tables import claims, ledger, slots
from services.notifications.tables import notifications as inbox
from services.registry import checks as registry_checks
from services.registry.domain.eligibility import reasons_against
from services.registry.domain.model import ACTIVE_OFFER_STATES, OfferState
from services.registry.store.codec import decode_profile, decode_terms
from services.registry.tables import decisions, entries, offers, placements, profiles, vacancies
from services.shelters.checks import findings
from services.shelters.tables import units
from tests.support.world import World

ENDINGS = {
    OfferState.DECLINED: "offer-declined",
    OfferState.EXPIRED: "offer-expired",
    OfferState.REVOKED: "offer-revoked",
    OfferState.FELL_THROUGH: "placement-fell-through",
    OfferState.ENDED: "enquiry-ended",
}
NEVER_OFFERED = (OfferState.ENQUIRED, OfferState.ENDED)
SAID_AGAIN = ("reflection-period-ending", "contact-needed")
OF_PLACEMENTS = ("placement-recorded", "recorded-placement-ended")
NOT_OF_OFFERS = ("placement-ended", *SAID_AGAIN, *OF_PLACEMENTS)
TOLD_TO_PROVIDERS_ONLY = ("enquiry-made", "enquiry-ended", *OF_PLACEMENTS)
UNIT_STATE_OF_OFFER = {
    OfferState.ENQUIRED: "held",
    OfferState.MADE: "held",
    OfferState.ACCEPTED: "reserved",
    OfferState.FULFILLED: "occupied",
}


async def check_everything(world: World) -> None:
    """All invariants at once; the world must be settled."""
    await one_active_offer_each(world)
    await every_bed_is_in_one_state(world)
    await every_slot_is_in_one_state(world)
    await nobody_is_skipped(world)
    await everyone_passed_over_has_a_reason(world)
    await every_offer_has_one_outcome(world)
    await versions_only_rise(world)
    await nothing_is_counted_twice(world)
    await everyone_concerned_was_told(world)
    await nothing_is_in_quarantine(world)
    await shelters_keep_their_own_rules(world)
    await the_registry_keeps_its_own_rules(world)


async def one_active_offer_each(world: World) -> None:
    """At most one active offer or placement per vacancy, and at most one per entry."""
    for column in (offers.c.vacancy_id, offers.c.entry_id):
        query = select(column).where(offers.c.state.in_(ACTIVE_OFFER_STATES)).group_by(column)
        assert not await world.rows("registry", query.having(func.count() > 1))


async def every_bed_is_in_one_state(world: World) -> None:
    """Every freed bed is in exactly one state, the same in both services, and none is forgotten."""
    registry = {row["id"]: row for row in await world.rows("registry", select(vacancies))}
    active = await _active_offers(world)
    found = await _found_there(world)
    for unit in await world.rows("shelters", select(units)):
        if unit["vacancy_id"] is None:
            assert unit["state"] == "out_of_service"
            continue
        if unit["vacancy_id"] in found:
            assert (unit["state"], unit["id"]) == ("occupied", found.pop(unit["vacancy_id"]))
            continue
        vacancy = registry.pop(unit["vacancy_id"])
        offer = active.get(vacancy["id"])
        expected = "free" if offer is None else UNIT_STATE_OF_OFFER[OfferState(offer["state"])]
        assert unit["state"] == expected
        assert unit["offer_id"] == (None if offer is None else offer["id"])
    ended = [row for row in registry.values() if row["kind"] == "shelter" and row["state"] in ("open", "offered")]
    assert not ended, "the registry still offers beds that are no longer free"
    assert not found, "someone was recorded in a unit, and it is not theirs"


async def every_slot_is_in_one_state(world: World) -> None:
    """Every opened slot is in exactly one state, the same in both services."""
    registry = {row["id"]: row for row in await world.rows("registry", select(vacancies))}
    active = await _active_offers(world)
    for slot in await world.rows("municipalities", select(slots)):
        vacancy, offer = registry[slot["vacancy_id"]], active.get(slot["vacancy_id"])
        if slot["state"] == "withdrawn":
            assert vacancy["state"] == "withdrawn"
        elif offer is None:
            assert (slot["state"], vacancy["state"]) == ("open", "open")
        elif offer["state"] == OfferState.FULFILLED:
            assert slot["state"] == "housed"
        else:
            assert slot["state"] in ("held", "claimed")
            assert slot["accepted"] == (offer["state"] == OfferState.ACCEPTED)


async def nobody_is_skipped(world: World) -> None:
    """What is open has nobody waiting who could have it: the first eligible person always has the offer."""
    query = select(entries, profiles.c.profile).join(profiles, profiles.c.id == entries.c.profile_id)
    waiting = await world.rows("registry", query.where(entries.c.state == "waiting"))
    before = {(row["vacancy_id"], row["entry_id"]) for row in await world.rows("registry", select(offers))}
    for vacancy in await world.rows("registry", select(vacancies).where(vacancies.c.state == "open")):
        if vacancy["offerable_until"] is not None and vacancy["offerable_until"] <= world.clock():
            continue
        terms = decode_terms(vacancy["terms"])
        forgotten = [
            entry["id"]
            for entry in waiting
            if entry["waitlist"] == vacancy["waitlist"]
            and _entitled(world, entry)
            and (vacancy["id"], entry["id"]) not in before
            and not reasons_against(decode_profile(entry["profile"]), terms)
        ]
        assert not forgotten


async def everyone_passed_over_has_a_reason(world: World) -> None:
    """Each offer has one decision, and in it nobody is passed over without a reason."""
    made = await world.rows("registry", select(decisions))
    assert sorted(row["offer_id"] for row in made) == sorted(row["id"] for row in await world.offers())
    assert not [row for row in made if '"reasons":[]' in row["passed_over"].replace(" ", "")]


async def every_offer_has_one_outcome(world: World) -> None:
    """One event says that an offer was made, at most one that it was accepted, and at most one how it ended."""
    told: Counter[tuple[str, object]] = Counter(
        (kind, data.offer_id) for kind, data in await world.events("registry") if kind not in NOT_OF_OFFERS
    )
    reminded = [told.pop(key) for key in list(told) if key[0] == "deadline-nearing"]
    assert all(times == 1 for times in reminded)
    expected: Counter[tuple[str, object]] = Counter()
    for offer in await world.offers():
        if offer["state"] not in NEVER_OFFERED:
            expected["offer-made", offer["id"]] = 1
        if world.matchmaker.programmes.at(offer["waitlist"], offer["made_at"]).mediates:
            expected["enquiry-made", offer["id"]] = 1
        if offer["state"] in (OfferState.ACCEPTED, OfferState.FULFILLED, OfferState.FELL_THROUGH):
            expected["offer-accepted", offer["id"]] = 1
        if offer["state"] in ENDINGS:
            expected[ENDINGS[OfferState(offer["state"])], offer["id"]] = 1
    assert told == expected


async def versions_only_rise(world: World) -> None:
    """No two events of one owner about one thing have the same version."""
    for service in ("registry", "shelters", "municipalities"):
        numbers = [(_subject(data), data.version) for _, data in await world.events(service)]
        assert len(set(numbers)) == len(numbers)


async def nothing_is_counted_twice(world: World) -> None:
    """The ledger balances, and claims each household and counts it when housed, once, with its people."""
    assert not await world.run("municipalities", checks.findings)
    arrived = (ledger.c.kind == ledger.c.account) & ledger.c.claim_id.is_not(None)
    lines = await world.rows("municipalities", select(ledger).where(arrived))
    counted = Counter((row["claim_id"], row["kind"], row["people"]) for row in lines)
    expected: Counter[tuple[object, str, int]] = Counter()
    for claim in await world.rows("municipalities", select(claims)):
        if claim["claimed_at"] is not None:
            expected[claim["id"], "claimed", claim["people"]] = 1
        if claim["counted"]:
            expected[claim["id"], "housed", claim["people"]] = 1
    assert counted == expected


async def everyone_concerned_was_told(world: World) -> None:
    """The newest event about each offer is in its coordinator's inbox, once, and the inbox has no gaps."""
    told = await world.rows("notifications", select(inbox).order_by(inbox.c.recipient, inbox.c.sequence))
    by_recipient: dict[str, list[int]] = {}
    for row in told:
        by_recipient.setdefault(row["recipient"], []).append(row["sequence"])
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in by_recipient.values())
    newest = {
        _told_about(data): kind
        for kind, data in sorted(await world.events("registry"), key=lambda item: item[1].version)
        if kind not in TOLD_TO_PROVIDERS_ONLY
    }
    pairs = Counter((row["subject"], row["kind"]) for row in told)
    assert all(
        pairs[subject, kind] == 1 or (pairs[subject, kind] and kind in SAID_AGAIN) for subject, kind in newest.items()
    )


async def nothing_is_in_quarantine(world: World) -> None:
    """Our own messages are never refused by our own services."""
    for name, service in world.services.items():
        assert not await world.count(name, service.tables.quarantine)


async def shelters_keep_their_own_rules(world: World) -> None:
    """What the service itself can check, in its own database."""
    assert await world.run("shelters", findings) == []


async def the_registry_keeps_its_own_rules(world: World) -> None:
    """The same in the registry's database: states agree, each offer is explained, and nobody eligible is forgotten."""
    assert await world.run("registry", registry_checks.findings) == []


async def _found_there(world: World) -> dict[UUID, UUID]:
    """Placements after the fact that last, without those in conflict, and in which unit they are."""
    still = (placements.c.ended_at.is_(None), placements.c.conflict.is_(None), placements.c.unit_id.is_not(None))
    return {row["id"]: row["unit_id"] for row in await world.rows("registry", select(placements).where(*still))}


def _subject(data: Any) -> UUID:  # noqa: ANN401 - of any type of message
    """What the versions of such a message count."""
    return next(
        getattr(data, name) for name in ("vacancy_id", "case_id", "entry_id", "placement_id") if hasattr(data, name)
    )


def _told_about(data: Any) -> UUID:  # noqa: ANN401 - of any type of message
    """What a notification of it is about."""
    return next(getattr(data, name) for name in ("entry_id", "offer_id", "case_id") if hasattr(data, name))


def _entitled(world: World, entry: Row) -> bool:
    if entry["eligible_until"] is None:
        return not world.matchmaker.programmes.at(entry["waitlist"], world.clock()).requires_reflection_period
    return bool(entry["eligible_until"] > world.clock())


async def _active_offers(world: World) -> dict[UUID, Row]:
    """The offers that hold a vacancy now, by vacancy; a placement that is over holds nothing."""
    query = select(offers).where(offers.c.state.in_(ACTIVE_OFFER_STATES), offers.c.ended_at.is_(None))
    return {row["vacancy_id"]: row for row in await world.rows("registry", query)}
