"""What must never be false in the shelters' database, as questions that find what breaks it: ids only."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select

from schemas.vocabulary import UnitState
from services.chassis.checks import Question, broken, questions
from services.chassis.unit_of_work import UnitOfWork
from services.shelters.tables import enquiries, facilities, no_shows, stays, units

_VACANCY, _OFFER = units.c.vacancy_id, units.c.offer_id
_LEASE = (units.c.freed_at, units.c.available_from, units.c.lease_expires_at)


async def findings(unit: UnitOfWork) -> list[str]:
    """Everything that is wrong, at most 100 of a kind: what, and the id of the unit, vacancy or offer."""
    return await broken(unit, BROKEN)


def _there(*columns: ColumnElement[object]) -> ColumnElement[bool]:
    return and_(*(column.is_not(None) for column in columns))


def _absent(*columns: ColumnElement[object]) -> ColumnElement[bool]:
    return and_(*(column.is_(None) for column in columns))


_LEGAL: Mapping[UnitState, ColumnElement[bool]] = {
    UnitState.OUT_OF_SERVICE: _absent(_VACANCY, _OFFER, *_LEASE),
    UnitState.FREE: _there(_VACANCY, *_LEASE) & _absent(_OFFER) & not_(units.c.closed),
    UnitState.HELD: _there(_VACANCY, _OFFER, *_LEASE) & not_(units.c.closed),
    UnitState.RESERVED: _there(_VACANCY, _OFFER, *_LEASE) & not_(units.c.closed),
    UnitState.OCCUPIED: _there(_VACANCY, _OFFER) & _absent(*_LEASE),
}
"""What each state needs; what is in none of these is in no legal state."""


def _units_where(broken: ColumnElement[bool]) -> Question:
    return select(units.c.id).where(broken).order_by(units.c.id)


def _open_stays(*conditions: ColumnElement[bool]) -> Select[int]:
    mine = (stays.c.unit_id == units.c.id) & stays.c.departed_at.is_(None)
    return select(func.count()).select_from(stays).where(mine, *conditions)


_same_episode = (stays.c.vacancy_id == units.c.vacancy_id) & (stays.c.offer_id == units.c.offer_id)
_asked = (
    select(enquiries.c.offer_id)
    .where(enquiries.c.offer_id == units.c.offer_id, enquiries.c.answered_at.is_(None))
    .where(enquiries.c.unit_id == units.c.id, enquiries.c.vacancy_id == units.c.vacancy_id)
    .exists()
)
_as_in_facility = (
    select(facilities.c.id)
    .where(facilities.c.id == units.c.facility_id, facilities.c.organisation == units.c.organisation)
    .where(facilities.c.secrecy == units.c.secrecy, facilities.c.region.is_not_distinct_from(units.c.region))
    .where(facilities.c.turnaround_seconds == units.c.turnaround_seconds, facilities.c.closed == units.c.closed)
    .exists()
)

BROKEN = questions(
    {
        "unit in no legal state": _units_where(
            not_(or_(*(and_(units.c.state == state, legal) for state, legal in _LEGAL.items())))
        ),
        "lease that ends before the unit is available": _units_where(
            units.c.lease_expires_at <= units.c.available_from
        ),
        "occupied unit without its stay": _units_where(
            (units.c.state == UnitState.OCCUPIED) & (_open_stays(_same_episode).scalar_subquery() != 1)
        ),
        "open stay in a unit that is not occupied": _units_where(
            (units.c.state != UnitState.OCCUPIED) & (_open_stays().scalar_subquery() > 0)
        ),
        "unit that waits for an answer to nothing": _units_where(
            units.c.enquiring & not_(and_(units.c.state == UnitState.HELD, _asked))
        ),
        "unit that differs from its facility": _units_where(not_(_as_in_facility)),
        "stay that ended before it began": select(stays.c.vacancy_id)
        .where(stays.c.departed_at < stays.c.arrived_at)
        .order_by(stays.c.vacancy_id),
        "household that came and did not come": select(stays.c.vacancy_id)
        .join(no_shows, no_shows.c.vacancy_id == stays.c.vacancy_id)
        .order_by(stays.c.vacancy_id),
        "answer that is no answer": select(enquiries.c.offer_id)
        .where(
            not_(
                or_(
                    _absent(enquiries.c.answered_at, enquiries.c.agreed, enquiries.c.refusal),
                    _there(enquiries.c.answered_at, enquiries.c.refusal) & enquiries.c.agreed.is_(False),
                    _there(enquiries.c.answered_at) & enquiries.c.agreed.is_(True) & _absent(enquiries.c.refusal),
                )
            )
        )
        .order_by(enquiries.c.offer_id),
    }
)
