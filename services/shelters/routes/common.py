"""What the parts of the shelters' API share."""

from uuid import UUID

from schemas.api.shelters import NewUnit, Unit
from services.chassis.identity import Principal, Role
from services.shelters.store.units import StoredUnit

BASE = "/shelters/v1"
READ, WRITE, MANAGE = "shelters:read", "shelters:write", "shelters:manage"
PROVIDERS, OPERATORS = frozenset({Role.PROVIDER}), frozenset({Role.OPERATOR})
EXAMPLE_ID = UUID("019a0000-0000-7000-8000-000000000001")

KEPT_FOR_TOO_MANY = "Must not be more than places."


def kept_for_too_many(unit: NewUnit) -> bool:
    """Whether a unit would be kept for more people than it takes."""
    return (unit.kept_for_places or 0) > unit.places


def own(principal: Principal) -> str | None:
    """The organisation whose facts the caller may use; None for those who may use everyone's."""
    return principal.organisation if principal.role is Role.PROVIDER else None


def unit_body(stored: StoredUnit) -> Unit:
    """A unit as its provider sees it."""
    unit = stored.unit
    return Unit(
        **dict(stored.description),
        unit_id=unit.id,
        state=unit.state,
        vacancy_id=unit.vacancy_id,
        available_from=unit.available_from,
        lease_expires_at=unit.lease_expires_at,
    )
