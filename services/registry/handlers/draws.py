"""Draws begin with a commitment and end with the seed."""

from uuid import UUID

from services.chassis.database import Row, UniqueViolation
from services.chassis.errors import Conflict, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.registry.handlers.matching import Matchmaker
from services.registry.store import draws as store


async def commit(matchmaker: Matchmaker, unit: UnitOfWork, waitlist: str, seed: bytes) -> Row:
    """Who joins this list from now on draws by this seed. Raises NotFound, or Conflict while a draw is running."""
    if not await matchmaker.lists.lock(unit, [waitlist]):
        raise NotFound("There is no such waitlist.")
    draw_id = unit.identifiers()
    try:
        await store.add_draw(unit, draw_id, waitlist, seed)
    except UniqueViolation as error:
        raise Conflict("A draw is running for this waitlist: publish that first.") from error
    return await store.find_draw(unit, draw_id)


async def publish(matchmaker: Matchmaker, unit: UnitOfWork, draw_id: UUID) -> Row:
    """The draw is over, and its seed is public. Raises NotFound, or Conflict when it is already."""
    # Held, so that nobody is joining by a seed that is public.
    await matchmaker.lists.lock(unit, [(await store.find_draw(unit, draw_id)).waitlist])
    if (await store.find_draw(unit, draw_id)).published_at is not None:
        raise Conflict("This draw was published already.")
    await store.publish_draw(unit, draw_id)
    return await store.find_draw(unit, draw_id)
