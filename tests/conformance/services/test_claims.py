"""Claims over all services, on both databases: with and without a slot, by the clock, and taken back."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from schemas.messages.offers import Household, OfferAccepted, OfferMade, PlacementFellThrough
from schemas.vocabulary import ClaimReversalReason, FallThroughReason, ListKind
from services.chassis.errors import Conflict, NotFound
from services.cli.simulation.acts import COORDINATOR, MUNICIPALITY
from services.municipalities.domain.mergers import Merger
from services.municipalities.domain.quotas import Position
from services.municipalities.handlers import claims as claim_handlers
from services.municipalities.handlers import slots as slot_handlers
from services.municipalities.handlers.slots import AllocationEvent
from services.municipalities.store import claims as claims_store
from services.municipalities.tables import claims, slots
from tests.support.quotas import H1, H2, OTHER, claimed, entry_states, housed, merge, position, prepare, set_quotas
from tests.support.world import World


async def test_a_claim_without_a_slot_takes_the_next_household_that_accepts(world: World) -> None:
    """Nobody has to look: the acceptance and the claim are one transaction."""
    await prepare(world)
    await world.join(waitlist="housing", days=40)
    claim = await world.claim_next()
    assert claim.state == "pending"
    await world.settle()
    (offer,) = await world.offers("made")
    await world.accept(offer["id"])
    await world.settle()
    (row,) = await world.rows("municipalities", select(claims))
    assert (row["id"], row["state"], row["people"], row["offer_id"]) == (claim.id, "claimed", 1, offer["id"])
    assert (await world.offers())[0]["claimed_at"] is not None
    assert (await position(world, H1)).claimed == 1
    await world.house(claim.id)
    await world.settle()
    assert (await position(world, H1)).housed == 1


async def test_a_pending_claim_waits_through_a_refusal_and_goes_with_its_slot(world: World) -> None:
    """A decline moves the offer on and leaves the claim pending; withdrawing the slot withdraws it."""
    await prepare(world)
    await world.join(waitlist="housing", days=40)
    claim = await world.claim_next()
    await world.settle()
    await world.decline((await world.offers("made"))[0]["id"])
    await world.settle()
    with pytest.raises(Conflict, match="only a claimed one can be housed"):
        await world.house(claim.id)
    with pytest.raises(Conflict, match="withdraw its slot"):
        await world.reverse(claim.id)
    await world.withdraw_slot(claim.slot_id)
    await world.settle()
    (row,) = await world.rows("municipalities", select(claims))
    assert row["state"] == "withdrawn"
    assert await position(world, H1) == Position(quota=50)


@pytest.mark.parametrize("people", [1, 3])
async def test_as_many_count_as_moved_in(world: World, people: int) -> None:
    """A household may have grown since it was claimed; and as many are taken back with the claim."""
    await prepare(world)
    claim = await claimed(world)
    await world.house(claim.id, people=people)
    assert await position(world, H1) == Position(quota=50, housed=people)
    await world.reverse(claim.id)
    assert await position(world, H1) == Position(quota=50)


@pytest.mark.parametrize("closed", [1, 2])
async def test_who_moved_in_earlier_counts_in_the_half_year_of_that_day(world: World, closed: int) -> None:
    """Also when it is said after that half-year was closed, and the one behind it: what was carried over follows."""
    await prepare(world)
    claim = await claimed(world)
    half_year = H1
    for _ in range(closed):
        half_year = half_year.next
        world.clock.now = half_year.begins_at
        await set_quotas(world, half_year, 100)
    assert await position(world, half_year) == Position(quota=50, arrears=50 * closed, claimed=1)
    world.clock.forward(days=3)
    await world.house(claim.id, date(2026, 6, 30))
    assert await position(world, H1) == Position(quota=50, housed=1, carried_over=49)
    assert (await position(world, half_year)).arrears == 50 * closed - 1
    assert await position(world, H1, at=datetime(2026, 6, 30, 12, tzinfo=UTC)) == Position(quota=50, housed=1)
    assert await position(world, H1, at=H2.begins_at) == Position(quota=50, housed=1, carried_over=49)
    with pytest.raises(Conflict, match="housed"):
        await world.house(claim.id)


async def test_nobody_moves_in_before_they_were_claimed(world: World) -> None:
    """And on the day on which they were, not before the moment."""
    await prepare(world)
    claim = await claimed(world)
    assert claim.claimed_at is not None
    day = claim.claimed_at.date()
    with pytest.raises(Conflict, match="claimed after that day"):
        await world.house(claim.id, day - timedelta(days=1))
    world.clock.forward(days=3)
    assert (await world.house(claim.id, day)).housed_at == claim.claimed_at


async def test_who_moved_in_before_a_merger_counts_for_what_it_became(world: World) -> None:
    """Its book begins with the merger, so before that nothing of it is there."""
    await prepare(world)
    claim = await claimed(world)
    await merge(world, Merger((OTHER,), MUNICIPALITY, date(2026, 7, 1), None))
    world.clock.now = H2.begins_at
    await set_quotas(world, H2, 100)
    world.clock.forward(days=3)
    await world.house(claim.id, date(2026, 6, 30))
    assert await position(world, H1, at=H2.begins_at) == Position(quota=100, housed=1, carried_over=99)
    assert (await position(world, H2)).arrears == 99


async def test_the_clock_of_a_claim_is_ten_weeks_and_two(world: World) -> None:
    """On a Dutch clock, over the day on which that is put forward; overdue is who has not moved in by then."""
    await prepare(world)
    claim = await claimed(world)
    assert claim.claimed_at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert claim.house_before == datetime(2026, 5, 10, 8, tzinfo=UTC)
    assert claim.move_before == datetime(2026, 5, 24, 8, tzinfo=UTC)

    async def overdue() -> int:
        query = claims_store.own_claims(MUNICIPALITY, None, world.clock())
        return len(await world.rows("municipalities", query))

    world.clock.now = claim.move_before - timedelta(seconds=1)
    assert await overdue() == 0
    world.clock.forward(seconds=1)
    assert await overdue() == 1
    await world.house(claim.id)
    assert await overdue() == 0


async def test_a_reversed_claim_gives_the_household_its_old_place_back(world: World) -> None:
    """The registry hears of it: the accepted offer falls through, the slot is gone, and the next home is theirs."""
    await prepare(world)
    claim = await claimed(world)
    await world.reverse(claim.id)
    await world.settle()
    assert [offer["state"] for offer in await world.offers()] == ["fell_through"]
    assert (await world.offers())[0]["reason"] == "claim_reversed"
    assert await entry_states(world) == ["waiting"]
    (slot,) = await world.rows("municipalities", select(slots))
    assert slot["state"] == "withdrawn"
    assert await position(world, H1) == Position(quota=50)
    with pytest.raises(Conflict, match="is reversed"):
        await world.reverse(claim.id)
    await world.open_slot()
    await world.settle()
    assert (await world.offers("made"))[0]["entry_id"] == (await world.offers())[0]["entry_id"]


async def test_who_was_housed_stays_housed_when_that_no_longer_counts(world: World) -> None:
    """A reversal after moving in is about the count only."""
    await prepare(world)
    claim = await housed(world)
    assert (await position(world, H1)).remaining == 49
    await world.reverse(claim.id)
    await world.settle()
    assert (await position(world, H1)).remaining == 50
    assert [offer["state"] for offer in await world.offers()] == ["fulfilled"]
    assert await entry_states(world) == ["placed"]


async def test_a_reversal_is_for_the_municipality_that_claimed(world: World) -> None:
    """Another one does not even learn that there is a claim."""
    await prepare(world)
    claim = await claimed(world)
    reason = ClaimReversalReason.OTHER
    with pytest.raises(NotFound):
        await world.run("municipalities", lambda unit: claim_handlers.reverse_claim(unit, claim.id, OTHER, reason))


async def registry_says(world: World, event: type[AllocationEvent], later: int, **values: object) -> None:
    """An event about the only slot, so much newer than what the municipalities' service knows of."""
    (slot,) = await world.rows("municipalities", select(slots))
    common = {"vacancy_id": slot["vacancy_id"], "version": slot["allocation_version"] + later}
    said = event.model_validate(common | {"list_kind": ListKind.HOUSING, "recipient": COORDINATOR} | values)
    await world.run("municipalities", lambda unit: slot_handlers.allocations_changed(unit, [said]))


async def test_a_claim_is_reversed_when_its_placement_falls_through(world: World) -> None:
    """In the transaction that hears of it: it counts no longer, cannot be housed, and the home is open again."""
    await prepare(world)
    claim = await claimed(world)
    fell = {"reason": FallThroughReason.WITHDRAWN, "fell_through_at": world.clock()}
    await registry_says(world, PlacementFellThrough, 1, offer_id=claim.offer_id, **fell)
    (row,) = await world.rows("municipalities", select(claims))
    assert (row["state"], row["reversal_reason"]) == ("reversed", "placement_fell_through")
    assert await position(world, H1) == Position(quota=50)
    with pytest.raises(Conflict, match="only a claimed one can be housed"):
        await world.house(claim.id)
    await world.withdraw_slot(claim.slot_id)


async def test_the_next_household_may_be_claimed_after_one_that_fell_through(world: World) -> None:
    """Also when the news of that comes last, after the next household has been offered the home and accepted it."""
    await prepare(world)
    claim = await claimed(world)
    theirs = {"offer_id": world.identifiers(), "household": Household(adults=2, children=0)}
    deadline = world.clock() + timedelta(days=7)
    await registry_says(world, OfferMade, 2, **theirs, deadline_at=deadline, made_at=world.clock())
    fell = {"reason": FallThroughReason.WITHDRAWN, "fell_through_at": world.clock()}
    await registry_says(world, PlacementFellThrough, -1, offer_id=claim.offer_id, **fell)
    assert await position(world, H1) == Position(quota=50)
    await registry_says(world, OfferAccepted, 1, **theirs, accepted_at=world.clock())
    following = await world.claim(claim.slot_id)
    assert await position(world, H1) == Position(quota=50, claimed=2)
    await world.reverse(following.id)
    states = {row["id"]: row["state"] for row in await world.rows("municipalities", select(claims))}
    assert states == {claim.id: "reversed", following.id: "reversed"}
