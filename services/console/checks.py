"""What must never be false in the console's database. A session has no name that may be told: they are counted."""

from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from services.chassis.checks import broken, questions
from services.chassis.unit_of_work import UnitOfWork
from services.console.tables import sessions


def _counted(condition: ColumnElement[bool]) -> Select[Any]:
    return select(func.count()).select_from(sessions).where(condition).having(func.count() > 0)


BROKEN = questions(
    {
        "sessions that ended before they began": _counted(sessions.c.ends_at <= sessions.c.began_at),
        "sessions that were used before they began": _counted(sessions.c.seen_at < sessions.c.began_at),
        "sessions that were used after their end": _counted(sessions.c.seen_at >= sessions.c.ends_at),
    }
)


async def findings(unit: UnitOfWork) -> list[str]:
    """Everything that is wrong: what, and how many."""
    return await broken(unit, BROKEN)
