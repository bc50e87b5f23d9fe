"""What shelters decide, as the other services see it, on both databases."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from schemas.api.shelters import NewContract
from schemas.messages.offers import PlacementFellThrough
from schemas.vocabulary import ContractKind, FallThroughReason, Programme
from services.chassis.database import Change, Rows, Write
from services.chassis.errors import Conflict, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.cli.simulation.acts import LEASE_SECONDS
from services.registry.tables import vacancies
from services.shelters.handlers import contracts, facilities
from services.shelters.handlers import vacancies as beds
from services.shelters.tables import facilities as facilities_table
from services.shelters.tables import providers, stays, units
from tests.support.shelters import another, moved_in
from tests.support.world import World

TURNAROUND_SECONDS = 86_400


async def close(world: World, unit_id: UUID) -> None:
    facility = (await world.unit(unit_id))["facility_id"]
    await world.run("shelters", lambda unit: facilities.close_facility(unit, facility, None))
    await world.settle()


async def slow_turnaround(world: World) -> None:
    """All facilities take a day to make a unit ready."""
    for table in (facilities_table, units):
        statement = table.update().values(turnaround_seconds=TURNAROUND_SECONDS)
        await world.run("shelters", lambda unit, statement=statement: unit.execute(statement))


async def post_ahead(world: World, unit_id: UUID, days: float) -> None:
    """The unit will be free in so many days."""
    owner = (await world.unit(unit_id))["organisation"]
    lease_seconds = int(days * 86_400) + LEASE_SECONDS
    await world.run(
        "shelters",
        lambda unit: beds.post_vacancy(unit, unit_id, owner, lease_seconds, unit.now + timedelta(days=days)),
    )
    await world.settle()


async def contract(world: World, unit_id: UUID, places: int, days: int | None = None, ahead: int = 0) -> None:
    organisation = (await world.unit(unit_id))["organisation"]
    (provider,) = await world.rows("shelters", select(providers).where(providers.c.organisation == organisation))
    today = world.clock().date() + timedelta(days=ahead)
    new = NewContract(
        provider_id=provider["id"],
        programme=Programme.COSM,
        places=places,
        kind=ContractKind.STRUCTURAL,
        starts_on=today,
        ends_on=None if days is None else today + timedelta(days=days),
    )
    await world.run("shelters", lambda unit: contracts.set_contract(unit, new))


async def test_a_unit_is_offered_at_once_for_after_its_turnaround(world: World) -> None:
    """The next household need not wait to hear of it, and the lease begins when the unit is ready."""
    unit = await moved_in(world)
    await slow_turnaround(world)
    await world.join(days=1)
    await world.depart(unit)
    await world.settle()
    ready = world.clock() + timedelta(seconds=TURNAROUND_SECONDS)
    row = await world.unit(unit)
    assert (row["state"], row["available_from"]) == ("held", ready)
    assert row["lease_expires_at"] == ready + timedelta(seconds=LEASE_SECONDS)
    (vacancy,) = await world.rows("registry", select(vacancies).where(vacancies.c.id == row["vacancy_id"]))
    assert vacancy["available_from"] == ready


@pytest.mark.parametrize("answered", [False, True], ids=["offered", "accepted"])
async def test_a_closing_facility_ends_offers_and_nobody_loses_their_place(world: World, *, answered: bool) -> None:
    """Revoked, or fallen through; another shelter's bed goes to the same household."""
    first = await world.join(days=9)
    unit = await world.add_unit()
    await world.post_bed(unit)
    await world.settle()
    if answered:
        await world.accept((await world.offers("made"))[0]["id"])
        await world.settle()
    await close(world, unit)
    assert [offer["state"] for offer in await world.offers()] == ["fell_through" if answered else "revoked"]
    with pytest.raises(Conflict, match="closed"):
        await world.post_bed(unit)
    await world.post_bed(await world.add_unit())
    await world.settle()
    assert (await world.offers("made"))[0]["entry_id"] == first.id


async def test_who_lives_in_a_closed_facility_stays_and_the_unit_is_offered_to_nobody_after(world: World) -> None:
    """Not put out, and not followed."""
    unit = await moved_in(world)
    await close(world, unit)
    assert (await world.unit(unit))["state"] == "occupied"
    await world.join(days=1)
    await world.depart(unit)
    await world.settle()
    assert (await world.unit(unit))["state"] == "out_of_service"
    assert not await world.offers("made")


async def test_places_beyond_an_ended_contract_go_as_they_come_free(world: World) -> None:
    """Nobody has to leave on the last day, and nobody follows after it."""
    unit = await moved_in(world)
    await contract(world, unit, places=2, days=3)
    await world.pass_time(days=5)
    assert (await world.unit(unit))["state"] == "occupied"
    await world.depart(unit)
    await world.settle()
    assert (await world.unit(unit))["state"] == "out_of_service"
    with pytest.raises(Conflict, match="places contracted"):
        await world.post_bed(unit)


async def test_places_posted_ahead_for_a_contract_to_come_take_no_bed_of_today(world: World) -> None:
    """From 2 to 6 places in ten days: what is posted for then hinders nobody now, and counts then."""
    now_used = await world.add_unit(places=2)
    later, too_many = await another(world, now_used), await another(world, now_used)
    await contract(world, now_used, places=2)
    await contract(world, now_used, places=2, ahead=10)
    await world.join(days=9)
    await world.post_bed(now_used)
    await world.settle()
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    await world.arrive(now_used)
    await post_ahead(world, later, days=10)
    await world.join(days=1)
    await world.depart(now_used)
    await world.settle()
    assert (await world.unit(now_used))["state"] in ("free", "held"), "its place is contracted today"
    await world.withdraw_bed(now_used)
    await world.post_bed(now_used)
    with pytest.raises(Conflict, match="places contracted"):
        await world.post_bed(too_many)
    with pytest.raises(Conflict, match="places contracted"):
        await post_ahead(world, too_many, days=12)


async def test_nobody_moves_in_before_the_unit_is_available(world: World) -> None:
    """Its place is contracted from that day on; then they do."""
    unit = await world.add_unit(places=2)
    await contract(world, unit, places=2, ahead=10)
    await world.join(days=9)
    await post_ahead(world, unit, days=11)
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    with pytest.raises(Conflict, match="not available yet"):
        await world.arrive(unit)
    await world.pass_time(days=11)
    await world.arrive(unit)
    assert (await world.unit(unit))["state"] == "occupied"


async def test_a_no_show_reported_early_does_not_make_a_unit_available_sooner(world: World) -> None:
    """It was posted for ten days from now, when its place is contracted."""
    unit = await world.add_unit(places=2)
    await contract(world, unit, places=2, ahead=10)
    await world.join(days=9)
    await post_ahead(world, unit, days=11)
    available_from = (await world.unit(unit))["available_from"]
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    await world.miss(unit)
    await world.settle()
    assert (await world.unit(unit))["available_from"] == available_from


async def test_a_bed_given_back_after_its_lease_is_offered_and_not_lost(world: World) -> None:
    """Nobody was asked to affirm it while it was reserved: its lease begins again, and the registry hears of it."""
    await world.join(days=9)
    unit = await world.add_unit()
    await world.post_bed(unit)
    await world.settle()
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    await world.pass_time(seconds=2 * LEASE_SECONDS)
    (accepted,) = [data for kind, data in await world.events("registry") if kind == "offer-accepted"]
    common = {name: getattr(accepted, name) for name in ("vacancy_id", "offer_id", "list_kind", "recipient")}
    over = PlacementFellThrough(
        **common, version=accepted.version + 1, reason=FallThroughReason.NO_SHOW, fell_through_at=world.clock()
    )
    await world.run("shelters", lambda given: beds.allocations_changed(world.leases, given, [over]))
    await world.pass_time(seconds=LEASE_SECONDS - 1)
    row = await world.unit(unit)
    lease_expires_at = world.clock() + timedelta(seconds=1)
    assert (row["state"], row["lease_expires_at"]) == ("free", lease_expires_at)
    (mirrored,) = await world.rows("registry", select(vacancies).where(vacancies.c.id == row["vacancy_id"]))
    assert mirrored["offerable_until"] == lease_expires_at
    await world.pass_time(seconds=1)
    assert (await world.unit(unit))["state"] == "out_of_service"


async def test_whoever_affirms_a_vacancy_that_ended_hears_how_it_ended(world: World) -> None:
    """And not that there never was one."""
    unit = await world.add_unit()
    row = await world.unit(unit)

    async def refused(ended: UUID, why: str) -> None:
        with pytest.raises(Conflict, match=why):
            await world.run("shelters", lambda given: beds.affirm_vacancy(given, ended, row["organisation"], 3600))

    await world.post_bed(unit)
    lapsed = (await world.unit(unit))["vacancy_id"]
    await world.pass_time(seconds=LEASE_SECONDS)
    await refused(lapsed, "lapsed.*post the unit again")
    await world.post_bed(unit)
    await refused(lapsed, "lapsed.*has a new one")
    closed = (await world.unit(unit))["vacancy_id"]
    await close(world, unit)
    await refused(closed, "closed; reopen the facility and post the unit again")
    with pytest.raises(NotFound):
        await world.run("shelters", lambda given: beds.affirm_vacancy(given, closed, "another", 3600))


async def test_two_units_never_take_the_same_last_place(world: World) -> None:
    """Posted in the same moment, one is refused."""
    one = await world.add_unit(places=2)
    two = await another(world, one)
    await contract(world, one, places=3)
    answers = await asyncio.gather(world.post_bed(one), world.post_bed(two), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "StoredUnit"]


async def test_a_home_closes_the_stay(world: World) -> None:
    """The registry says that the household moved on; the shelter need not record the departure."""
    unit = await moved_in(world)
    (offer,) = await world.offers("fulfilled")
    await world.join(waitlist="housing", case_id=offer["case_id"])
    await world.add_municipality()
    slot = await world.open_slot()
    await world.settle()
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    claim = await world.claim(slot.id)
    await world.settle()
    await world.house(claim.id)
    await world.settle()
    (stay,) = await world.rows("shelters", select(stays))
    assert (stay["unit_id"], stay["departed_at"], stay["departure_reason"]) == (unit, world.clock(), "onward_home")


async def test_a_bed_on_its_way_costs_no_more_statements(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Posting and following an offer each read once and write once, whatever facilities and contracts there are."""
    await world.join()
    unit = await world.add_unit()
    with counting(monkeypatch) as statements:
        await world.post_bed(unit)
    assert statements == ["Select", "Select", "Change"], "the first is the test's own"
    await world.settle()
    (offer,) = await world.offers("made")
    events = [data for kind, data in await world.events("registry") if kind == "offer-made"]
    later = [event.model_copy(update={"version": event.version + 1}) for event in events]
    with counting(monkeypatch) as statements:
        await world.run("shelters", lambda unit: beds.allocations_changed(world.leases, unit, later))
    assert statements == ["Select", "Change"]
    assert (await world.unit(unit))["offer_id"] == offer["id"]


@contextmanager
def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The kinds of statement that go to the database about facts; what is only inserted is bookkeeping."""
    run, write, statements = UnitOfWork.execute, UnitOfWork.write, list[str]()

    async def executed(self: UnitOfWork, statement: Any, parameters: Any = None) -> Rows:  # noqa: ANN401 - any statement
        statements.append(type(statement).__name__)
        return await run(self, statement, parameters)

    async def written(self: UnitOfWork, change: Write, rows: Sequence[Mapping[str, Any]]) -> None:
        statements.extend([type(change).__name__] if isinstance(change, Change) and rows else [])
        await write(self, change, rows)

    with monkeypatch.context() as patches:
        patches.setattr(UnitOfWork, "execute", executed)
        patches.setattr(UnitOfWork, "write", written)
        yield statements
