"""Placements after the fact that are over: so that one of which the end arrives first is not begun afterwards."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from services.chassis.database import Insertion, one_of
from services.chassis.unit_of_work import UnitOfWork
from services.shelters.tables import ended_placements

_INSERT = Insertion(ended_placements)
_ENDED = select(ended_placements.c.id).where(one_of(ended_placements.c.id, "ids"))


async def add_ended(unit: UnitOfWork, ended: Sequence[tuple[UUID, datetime]]) -> None:
    """Remember that these are over."""
    await unit.write(_INSERT, [{"id": placement_id, "ended_at": ended_at} for placement_id, ended_at in ended])


async def ended_of(unit: UnitOfWork, placement_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these are over."""
    return {row.id for row in await unit.execute(_ENDED, {"ids": placement_ids})}
