"""What the access table says, by operation id, whichever service the operation belongs to."""

from typing import Any

from schemas.access import ACCESS, Access, Role
from services.chassis.web import Operation

LINES: dict[str, Access] = {operation_id: line for table in ACCESS.values() for operation_id, line in table.items()}


def entitled(operation: Operation[Any]) -> tuple[Role, list[str]]:
    """A role that may use the operation, and the scope that it needs."""
    line = LINES[operation.operation_id]
    return min(line.roles), [line.scope]
