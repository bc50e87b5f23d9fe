"""What the operations of the municipalities' API share."""

from collections.abc import Sequence

from sqlalchemy import Select

from services.chassis.database import Row
from services.chassis.identity import Role
from services.chassis.unit_of_work import UnitOfWork

BASE = "/municipalities/v1"
READ, WRITE, MANAGE = "municipalities:read", "municipalities:write", "municipalities:manage"
OWNERS, OPERATORS = frozenset({Role.MUNICIPALITY}), frozenset({Role.OPERATOR})
READERS = frozenset({Role.MUNICIPALITY, Role.OPERATOR, Role.AUDITOR})


async def rows(unit: UnitOfWork, statement: Select[tuple[object, ...]]) -> Sequence[Row]:
    """What the statement of a page finds."""
    return await unit.execute(statement)
