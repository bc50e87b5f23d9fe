"""What the operations of the municipalities' API share."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select

from services.chassis.database import Row
from services.chassis.errors import FieldError, InvalidInput
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web.inputs import not_past

BASE = "/municipalities/v1"

FURTHEST_AHEAD = timedelta(days=366)
"""Nobody can say so early when a home will be there; a year with a wrong digit is meant for another one."""


def available(moment: datetime | None, now: datetime) -> datetime | None:
    """When a home can be had, as said. Raises InvalidInput when that has been, or is more than a year ahead."""
    not_past("/availableFrom", moment, now)
    if moment is not None and moment > now + FURTHEST_AHEAD:
        raise InvalidInput(fields=[FieldError("/availableFrom", "Must not be more than a year ahead.")])
    return moment


async def rows(unit: UnitOfWork, statement: Select[tuple[object, ...]]) -> Sequence[Row]:
    """What the statement of a page finds."""
    return await unit.execute(statement)
