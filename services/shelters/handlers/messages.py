"""The events that the shelters record, made from what has just been decided."""

from uuid import UUID

from schemas.messages.beds import (
    ArrivalConfirmed,
    BedFreed,
    BedWithdrawn,
    DepartureRecorded,
    EnquiryAnswered,
    NoShowReported,
    PlacementConflicted,
)
from schemas.messages.placements import PlacementRecorded
from schemas.vocabulary import DepartureReason, EnquiryRefusal, PlacementConflict, WithdrawalReason
from services.chassis.unit_of_work import UnitOfWork
from services.shelters.domain.unit import Unit, VacancyEnd
from services.shelters.store.units import StoredUnit


def record_freed(unit: UnitOfWork, stored: StoredUnit) -> None:
    """The unit is free until its lease ends."""
    free, description = stored.unit, stored.description
    data = BedFreed(
        vacancy_id=free.vacancy_id,
        unit_id=free.id,
        facility_id=description.facility_id,
        version=free.version,
        programme=description.programme,
        places=description.places,
        accepts=description.accepts,
        serves=description.serves,
        available_from=free.available_from,
        lease_expires_at=free.lease_expires_at,
        freed_at=free.freed_at,
        region=stored.region,
        secrecy=stored.secrecy,
        kept_for_places=description.kept_for_places,
        follows_no_show=free.ended_vacancy_id if free.ended_by is VacancyEnd.NO_SHOW else None,
    )
    unit.record(data, subject=data.vacancy_id)


def record_withdrawn(unit: UnitOfWork, stored: StoredUnit, vacancy_id: UUID, reason: WithdrawalReason) -> None:
    """The unit is not to be had after all."""
    common = _common(stored.unit, vacancy_id) | {"programme": stored.description.programme}
    unit.record(BedWithdrawn(**common, reason=reason, withdrawn_at=unit.now), subject=vacancy_id)


def record_arrival(unit: UnitOfWork, stored: StoredUnit, vacancy_id: UUID) -> None:
    """The household is there."""
    common = _common(stored.unit, vacancy_id)
    unit.record(ArrivalConfirmed(**common, offer_id=stored.unit.offer_id, arrived_at=unit.now), subject=vacancy_id)


def record_no_show(unit: UnitOfWork, stored: StoredUnit, vacancy_id: UUID, offer_id: UUID | None) -> None:
    """The household did not come."""
    common = _common(stored.unit, vacancy_id) | {"programme": stored.description.programme}
    unit.record(NoShowReported(**common, offer_id=offer_id, reported_at=unit.now), subject=vacancy_id)


def record_departure(
    unit: UnitOfWork, stored: StoredUnit, vacancy_id: UUID, offer_id: UUID, reason: DepartureReason
) -> None:
    """The household has left."""
    common = _common(stored.unit, vacancy_id)
    data = DepartureRecorded(**common, offer_id=offer_id, departed_at=unit.now, reason=reason)
    unit.record(data, subject=vacancy_id)


def record_answer(
    unit: UnitOfWork, stored: StoredUnit, vacancy_id: UUID, offer_id: UUID, refusal: EnquiryRefusal | None
) -> None:
    """The provider has said whether it takes the household."""
    common = _common(stored.unit, vacancy_id)
    data = EnquiryAnswered(**common, offer_id=offer_id, agreed=refusal is None, refusal=refusal, answered_at=unit.now)
    unit.record(data, subject=vacancy_id)


def record_placement_conflicted(unit: UnitOfWork, event: PlacementRecorded, conflict: PlacementConflict) -> None:
    """The household cannot be where it was recorded; people have to find out."""
    data = PlacementConflicted(
        placement_id=event.placement_id, unit_id=event.unit_id, version=1, conflict=conflict, found_at=unit.now
    )
    unit.record(data, subject=event.placement_id)


def _common(unit: Unit, vacancy_id: UUID) -> dict[str, object]:
    return {"vacancy_id": vacancy_id, "unit_id": unit.id, "version": unit.version}
