"""What the municipalities' service says about slots."""

from collections.abc import Sequence
from typing import Any

from schemas.messages.quotas import SlotOpened
from services.chassis.unit_of_work import UnitOfWork
from services.municipalities.domain.police_units import units_of
from services.municipalities.domain.slots import Slot


def common(slot: Slot) -> dict[str, Any]:
    """What every event about a slot says."""
    return {"vacancy_id": slot.vacancy_id, "slot_id": slot.id, "version": slot.version}


def record_opened(unit: UnitOfWork, slot: Slot, former: Sequence[str], province: str | None) -> None:
    """What it is and where it may be: its municipality, what has become part of that, and its province."""
    opened = SlotOpened(
        **common(slot),
        municipality_code=slot.municipality_code,
        former_codes=list(former),
        places=slot.places,
        wheelchair=slot.wheelchair,
        available_from=slot.available_from,
        opened_at=slot.opened_at,
        regions=units_of(province),
    )
    unit.record(opened, subject=slot.vacancy_id)
