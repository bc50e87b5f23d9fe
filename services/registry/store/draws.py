"""Draws: the seeds, and what is public of them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import insert, select, update

from services.chassis.database import Row
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.registry.tables import draws

_DRAW = "There is no such draw."


async def running_seed(unit: UnitOfWork, waitlist: str) -> bytes | None:
    """The seed by which those who join this list now draw; None when no draw is running."""
    query = select(draws.c.seed).where(draws.c.waitlist == waitlist, draws.c.published_at.is_(None))
    row = (await unit.execute(query)).one_or_none()
    return None if row is None else bytes(row.seed)


async def add_draw(unit: UnitOfWork, draw_id: UUID, waitlist: str, seed: bytes) -> None:
    """Store a seed. Raises UniqueViolation when a draw is running for this list."""
    row = {"id": draw_id, "waitlist": waitlist, "seed": seed, "committed_at": unit.now}
    await unit.execute(insert(draws).values(row))


async def find_draw(unit: UnitOfWork, draw_id: UUID) -> Row:
    """A draw. Raises NotFound."""
    row = (await unit.execute(select(draws).where(draws.c.id == draw_id))).one_or_none()
    if row is None:
        raise NotFound(_DRAW)
    return row


async def publish_draw(unit: UnitOfWork, draw_id: UUID) -> None:
    """From now on the seed is public, and nobody draws by it any more."""
    await unit.execute(update(draws).where(draws.c.id == draw_id).values(published_at=unit.now))


async def all_draws(unit: UnitOfWork, limit: int) -> Sequence[Row]:
    """The newest draws, at most `limit`."""
    return await unit.execute(select(draws).order_by(draws.c.committed_at.desc(), draws.c.id.desc()).limit(limit))
