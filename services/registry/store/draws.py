"""Draws: the seeds, and what is public of them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, bindparam, insert, select, update

from services.chassis.database import Row
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.draw import NO_LOT, TOO_LATE
from services.registry.tables import draws, entries

_DRAW = "There is no such draw."
_BY_AGE = (draws.c.committed_at.desc(), draws.c.id.desc())
_NEWEST = (
    select(draws.c.seed, draws.c.published_at)
    .where(draws.c.waitlist == bindparam("waitlist"))
    .order_by(draws.c.published_at.is_not(None), *_BY_AGE)
    .limit(1)
)


async def newest_draw(unit: UnitOfWork, waitlist: str) -> Row | None:
    """The draw of this list that runs, or else the last one; None when there was none."""
    return (await unit.execute(_NEWEST, {"waitlist": waitlist})).first()


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
    return await unit.execute(select(draws).order_by(*_BY_AGE).limit(limit))


def lots_of(waitlist: str) -> Select[tuple[object, ...]]:
    """Every lot that was drawn for this list, in whichever draw, and by which case."""
    was_drawn = entries.c.lot.not_in([NO_LOT, TOO_LATE])
    return select(entries.c.lot, entries.c.case_id).where(entries.c.waitlist == waitlist, was_drawn).distinct()


async def rows(unit: UnitOfWork, statement: Select[tuple[object, ...]]) -> Sequence[Row]:
    """What the statement finds."""
    return await unit.execute(statement)
