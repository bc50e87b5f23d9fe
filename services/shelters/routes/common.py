"""What the parts of the shelters' API share."""

from uuid import UUID

from schemas.api.shelters import NewUnit, Unit
from services.shelters.store.units import StoredUnit

BASE = "/shelters/v1"
EXAMPLE_ID = UUID("019a0000-0000-7000-8000-000000000001")

KEPT_FOR_TOO_MANY = "Must not be more than places."


def kept_for_too_many(unit: NewUnit) -> bool:
    """Whether a unit would be kept for more people than it takes."""
    return (unit.kept_for_places or 0) > unit.places


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
