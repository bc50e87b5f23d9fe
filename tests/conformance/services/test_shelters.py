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
from schemas.vocabulary import ContractKind, Programme
from services.chassis.database import Change, Rows, Write
from services.chassis.errors import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.registry.tables import vacancies
from services.shelters.handlers import contracts, facilities
from services.shelters.handlers import vacancies as beds
from services.shelters.tables import facilities as facilities_table
from services.shelters.tables import providers, stays, units
from tests.support.world import LEASE_SECONDS, World

TURNAROUND_SECONDS = 86_400


async def moved_in(world: World, days: float = 9) -> UUID:
    """A unit in which a household lives."""
    await world.join(days=days)
    unit = await world.add_unit()
    await world.post_bed(unit)
    await world.settle()
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    await world.arrive(unit)
    await world.settle()
    return unit


async def close(world: World, unit_id: UUID) -> None:
    facility = (await world.unit(unit_id))["facility_id"]
    await world.run("shelters", lambda unit: facilities.close_facility(unit, facility, None))
    await world.settle()


async def slow_turnaround(world: World) -> None:
    """All facilities take a day to make a unit ready."""
    for table in (facilities_table, units):
        statement = table.update().values(turnaround_seconds=TURNAROUND_SECONDS)
        await world.run("shelters", lambda unit, statement=statement: unit.execute(statement))


async def contract(world: World, unit_id: UUID, places: int, days: int | None = None) -> None:
    organisation = (await world.unit(unit_id))["organisation"]
    (provider,) = await world.rows("shelters", select(providers).where(providers.c.organisation == organisation))
    today = world.clock().date()
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


async def test_two_units_never_take_the_same_last_place(world: World) -> None:
    """Posted in the same moment, one is refused."""
    one = await world.add_unit(places=2)
    row = await world.unit(one)
    two = dict(row) | {"id": world.identifiers()}
    await world.run("shelters", lambda unit: unit.execute(units.insert().values(two)))
    await contract(world, one, places=3)
    answers = await asyncio.gather(world.post_bed(one), world.post_bed(two["id"]), return_exceptions=True)
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
        await world.run("shelters", lambda unit: beds.allocations_changed(unit, later))
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
