"""What happened to a case outside the registry's own decisions: contact attempts, and places it did not offer."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Column, Select, Uuid, bindparam, insert, select, update

from schemas.vocabulary import PlacementConflict, PlacementReview
from services.chassis.database import Row, UtcDateTime, one_of
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.model import OfferState, VacancyState
from services.registry.tables import contact_attempts, offers, placements, vacancies

_HELD = (OfferState.ACCEPTED, OfferState.FULFILLED)
_INSERT_PLACEMENT = insert(placements)
_OWN_PLACEMENT = select(placements).where(
    placements.c.id == bindparam("placement"), placements.c.coordinator == bindparam("whose")
)
_END = {
    column: update(placements)
    .where(one_of(column, "ids"), placements.c.ended_at.is_(None))
    .values(ended_at=bindparam("now", type_=UtcDateTime))
    .returning(placements)
    for column in (placements.c.id, placements.c.case_id)
}


async def add_contact_attempt(unit: UnitOfWork, case_id: UUID, attempt: Mapping[str, object]) -> UUID:
    """Log an attempt to reach a household; gives its id."""
    attempt_id = unit.identifiers()
    await unit.execute(insert(contact_attempts).values(id=attempt_id, case_id=case_id, **attempt))
    return attempt_id


def contact_attempts_of(case_id: UUID) -> Select[tuple[object, ...]]:
    """Every attempt to reach this household."""
    return select(contact_attempts).where(contact_attempts.c.case_id == case_id)


async def add_placement(unit: UnitOfWork, case_id: UUID, coordinator: str, found: Mapping[str, object]) -> UUID:
    """Store where a household is already; gives its id."""
    placement_id = unit.identifiers()
    row = {"id": placement_id, "case_id": case_id, "coordinator": coordinator, "recorded_at": unit.now}
    await unit.execute(_INSERT_PLACEMENT, row | dict(found))
    return placement_id


async def find_placement(unit: UnitOfWork, placement_id: UUID, coordinator: str) -> Row:
    """One of this coordinator's. Raises NotFound."""
    row = (await unit.execute(_OWN_PLACEMENT, {"placement": placement_id, "whose": coordinator})).one_or_none()
    if row is None:
        raise NotFound("There is no such placement among yours.")
    return row


async def end_placements(unit: UnitOfWork, column: Column[UUID], ids: Sequence[UUID]) -> Sequence[Row]:
    """The households of placements with these ids, or of these cases, are no longer there; gives what ended by this."""
    return await unit.execute(_END[column], {"ids": ids, "now": unit.now})


async def set_conflict(unit: UnitOfWork, placement_id: UUID, conflict: PlacementConflict) -> None:
    """Store why a household cannot be in the unit where it was recorded."""
    await unit.execute(update(placements).where(placements.c.id == placement_id).values(conflict=conflict))


async def review_placement(unit: UnitOfWork, placement_id: UUID, review: PlacementReview) -> None:
    """Store what was found of it; a later finding replaces it."""
    changed = update(placements).where(placements.c.id == placement_id)
    await unit.execute(changed.values(review=review, reviewed_at=unit.now))


def own_placements(coordinator: str, *, reviewed: bool | None) -> Select[tuple[object, ...]]:
    """This coordinator's, all of them or those that are or are not reviewed."""
    query = select(placements).where(placements.c.coordinator == coordinator)
    if reviewed is None:
        return query
    return query.where(placements.c.review.is_not(None) if reviewed else placements.c.review.is_(None))


_CASE = bindparam("case", type_=Uuid)
_HERE = (
    select(offers.c.id)
    .where(offers.c.case_id == _CASE, offers.c.state.in_(_HELD), offers.c.ended_at.is_(None))
    .limit(1)
)
_ELSEWHERE = select(placements.c.id).where(placements.c.case_id == _CASE, placements.c.ended_at.is_(None)).limit(1)


async def is_somewhere(unit: UnitOfWork, case_id: UUID) -> bool:
    """Whether a household has a place: accepted or moved into here, or recorded after the fact."""
    case = {"case": case_id}
    return bool(await unit.execute(_HERE, case) or await unit.execute(_ELSEWHERE, case))


async def is_to_be_had(unit: UnitOfWork, unit_id: UUID) -> bool:
    """Whether this unit is free, or offered to somebody, as far as the registry knows."""
    free = (vacancies.c.resource_id == unit_id, vacancies.c.state.in_([VacancyState.OPEN, VacancyState.OFFERED]))
    return bool(await unit.execute(select(vacancies.c.id).where(*free).limit(1)))


async def rows(unit: UnitOfWork, statement: Select[tuple[object, ...]]) -> Sequence[Row]:
    """What the statement finds."""
    return await unit.execute(statement)
