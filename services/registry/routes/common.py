"""What the operations of the registry's API share."""

from uuid import UUID

from services.chassis.database import Row
from services.chassis.identity import Role

BASE = "/registry/v1"
READ, WRITE = "registry:read", "registry:write"
COORDINATORS = frozenset({Role.COORDINATOR, Role.HELPDESK})
AUDITORS = frozenset({Role.AUDITOR})


def id_of(row: Row) -> tuple[UUID]:
    """The key by which pages follow each other."""
    return (row["id"],)
