"""Stays and no-shows. A stay is opened once and closed once; none is ever deleted."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, bindparam, case, insert, select, update

from schemas.api.shelters import NewExpectedExit
from schemas.vocabulary import DepartureReason
from services.chassis.database import Row, UtcDateTime
from services.chassis.unit_of_work import UnitOfWork
from services.shelters.store.units import StoredUnit
from services.shelters.tables import no_shows, stays

_CLOSE = update(stays).where(stays.c.vacancy_id == bindparam("key"), stays.c.departed_at.is_(None))
# In a CASE a parameter has no type unless it is given one, and SQLite would store the moment in another format.
_INSERT_STAY, _INSERT_NO_SHOW = insert(stays), insert(no_shows)
_AT = bindparam("at", type_=UtcDateTime)
# Not before they arrived, by whatever clock that was.
_DEPARTED = case((stays.c.arrived_at > _AT, stays.c.arrived_at), else_=_AT)
_CLOSE = _CLOSE.values(departed_at=_DEPARTED, departure_reason=bindparam("reason"))


async def open_stay(unit: UnitOfWork, stored: StoredUnit, since: datetime | None = None) -> None:
    """A household has arrived in a unit: now, or at a moment in the past."""
    await unit.execute(_INSERT_STAY, _about(stored) | {"arrived_at": min(since or unit.now, unit.now)})


async def add_no_show(unit: UnitOfWork, stored: StoredUnit, vacancy_id: UUID, offer_id: UUID | None) -> None:
    """The household of this offer did not come to a unit."""
    row = _about(stored) | {"vacancy_id": vacancy_id, "offer_id": offer_id, "reported_at": unit.now}
    await unit.execute(_INSERT_NO_SHOW, row)


async def close_stays(
    unit: UnitOfWork, vacancy_ids: Sequence[UUID | None], at: datetime, reason: DepartureReason
) -> None:
    """Households have left the units whose present episodes these are."""
    if vacancy_ids:
        await unit.execute(_CLOSE, [{"key": id_, "at": at, "reason": reason} for id_ in vacancy_ids])


async def expect_exit(unit: UnitOfWork, vacancy_id: UUID, expected: NewExpectedExit) -> None:
    """Store when a household is expected to leave, and why it stays longer."""
    values = {"expected_exit_on": expected.expected_exit_on, "delay_reason": expected.delay_reason}
    change = update(stays).where(stays.c.vacancy_id == vacancy_id).values(values).returning(stays.c.organisation)
    unit.touched.update(row.organisation for row in await unit.execute(change))


async def find_stay(unit: UnitOfWork, vacancy_id: UUID) -> Row:
    """The stay that ended the episode."""
    return (await unit.execute(select(stays).where(stays.c.vacancy_id == vacancy_id))).one()


def own_stays(organisation: str, *, departed: bool) -> Select[tuple[object, ...]]:
    """The organisation's stays that are over, or that are not."""
    is_over = stays.c.departed_at.is_not(None) if departed else stays.c.departed_at.is_(None)
    return select(stays).where(stays.c.organisation == organisation, is_over)


def _about(stored: StoredUnit) -> dict[str, object]:
    return {
        "vacancy_id": stored.unit.vacancy_id,
        "unit_id": stored.unit.id,
        "organisation": stored.organisation,
        "programme": stored.description.programme,
        "offer_id": stored.unit.offer_id,
    }
