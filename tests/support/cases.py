"""What coordinators do with cases, and what is seen of it, for tests over a world."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select

from schemas.vocabulary import Programme, Purpose
from services.chassis.unit_of_work import UnitOfWork
from services.cli.simulation.acts import COORDINATOR, HOUSEHOLD
from services.registry.handlers import registration
from services.registry.tables import entries
from tests.support.world import World

T = TypeVar("T")

WEEK = timedelta(days=7)


async def do(world: World, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
    """Something that a coordinator does, and everything that it causes."""
    done = await world.run("registry", work)
    await world.settle()
    return done


async def register(world: World, *purposes: Purpose) -> UUID:
    """A case; without purposes it is registered only."""
    return await do(world, lambda unit: registration.register_case(unit, COORDINATOR, HOUSEHOLD, purposes))


async def offered_bed(world: World, places: int = 2, programme: Programme = Programme.COSM) -> UUID:
    """A bed that comes free, and is offered to whoever is next."""
    unit = await world.add_unit(places, programme=programme)
    await world.post_bed(unit)
    await world.settle()
    return unit


async def places_of(world: World, case_id: UUID) -> dict[str, str]:
    """In which lists a case stands or stood, and how."""
    query = select(entries).where(entries.c.case_id == case_id).order_by(entries.c.id)
    return {row["waitlist"]: row["state"] for row in await world.rows("registry", query)}


async def since_of(world: World, case_id: UUID, waitlist: str) -> datetime:
    """Since when a case waits in a list."""
    mine = (entries.c.case_id == case_id, entries.c.waitlist == waitlist)
    rows = await world.rows("registry", select(entries).where(*mine).order_by(entries.c.id))
    since: datetime = rows[-1]["waiting_since"]
    return since


async def holder(world: World) -> list[UUID]:
    """To which cases something is offered."""
    return [offer["case_id"] for offer in await world.offers("made")]


async def states(world: World) -> list[str]:
    """The states of all offers, in the order in which they were made."""
    return [offer["state"] for offer in await world.offers()]
