"""What a weekly overview counts."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, Table, and_, case, func, literal, not_, or_, select

from schemas.vocabulary import UnitState
from services.chassis.database import Row, UtcDateTime
from services.chassis.unit_of_work import UnitOfWork
from services.shelters.domain.calendar import Week, day_of, limits_to_come, long_stay_limit, midnight
from services.shelters.tables import contracts, no_shows, stays, units

LISTED_LIMIT = 200
STAYS_LIMIT = 100_000

_STILL_THERE = stays.c.departed_at.is_(None)

Counts = dict[str, int]
"""By programme."""


class Overview:
    """Counts for one organisation, or for all of them together when it is None."""

    def __init__(self, unit: UnitOfWork, organisation: str | None) -> None:
        self._unit = unit
        self._organisation = organisation

    async def contracts(self) -> Sequence[Row]:
        """Every contract there is or was."""
        return await self._rows(select(contracts).where(*self._own(contracts)))

    async def occupancy(self) -> dict[str, Row]:
        """Units and places in service and occupied, by programme. A unit counts from the day that it is available."""
        occupied = units.c.state == UnitState.OCCUPIED
        tomorrow = midnight(self._today + timedelta(days=1))
        available = units.c.available_from.is_(None) | (units.c.available_from < tomorrow)
        query = select(
            units.c.programme,
            func.count().label("units_in_service"),
            func.sum(units.c.places).label("places_in_service"),
            func.sum(case((occupied, 1), else_=0)).label("units_occupied"),
            func.sum(case((occupied, units.c.places), else_=0)).label("places_occupied"),
        ).where(*self._own(units), units.c.state != UnitState.OUT_OF_SERVICE, available)
        return {row["programme"]: row for row in await self._rows(query.group_by(units.c.programme))}

    async def stays_since(self, moment: datetime) -> Sequence[Row]:
        """Every stay that was not over at this moment, with the places of its unit; the newest, at most 100,000."""
        columns = (stays.c.programme, stays.c.arrived_at, stays.c.departed_at, units.c.places)
        query = select(*columns).join(units, units.c.id == stays.c.unit_id).where(*self._own(stays))
        query = query.where(_STILL_THERE | (stays.c.departed_at >= moment))
        return await self._rows(query.order_by(stays.c.arrived_at.desc()).limit(STAYS_LIMIT))

    async def arrivals(self, week: Week) -> Counts:
        """Households that arrived in the week."""
        return await self._count(stays, _within(stays.c.arrived_at, week))

    async def departures(self, week: Week) -> Counts:
        """Households that left in the week."""
        return await self._count(stays, _within(stays.c.departed_at, week))

    async def no_shows(self, week: Week) -> Counts:
        """Households that did not come in the week."""
        return await self._count(no_shows, _within(no_shows.c.reported_at, week))

    async def expected_exits(self, week: Week) -> tuple[Counts, Sequence[Row]]:
        """Households that are expected to leave in the week: how many, and the first ones."""
        leaving = stays.c.expected_exit_on.between(week.first_day, week.last_day)
        return await self._open_stays(leaving), await self._listed(leaving, stays.c.expected_exit_on)

    async def overdue_exits(self) -> tuple[Counts, Sequence[Row]]:
        """Households that were expected to leave before today: how many, and the longest overdue."""
        overdue = stays.c.expected_exit_on < self._today
        return await self._open_stays(overdue), await self._listed(overdue, stays.c.expected_exit_on)

    async def long_stays(self) -> tuple[Counts, Counts, Sequence[Row]]:
        """Households that are there beyond three months, or will be: how many of each, and the longest there."""
        are, will_be = _is_long(self._today), _will_be_long(self._today)
        listed = await self._listed(are | will_be, stays.c.arrived_at)
        return await self._open_stays(are), await self._open_stays(will_be), listed

    @property
    def _today(self) -> date:
        return day_of(self._unit.now)

    async def _open_stays(self, condition: ColumnElement[bool]) -> Counts:
        return await self._count(stays, _STILL_THERE & condition)

    async def _listed(self, condition: ColumnElement[bool], order: ColumnElement[object]) -> Sequence[Row]:
        if self._organisation is None:
            return []
        query = select(stays).where(*self._own(stays), _STILL_THERE, condition)
        return await self._rows(query.order_by(order, stays.c.vacancy_id).limit(LISTED_LIMIT))

    async def _count(self, table: Table, condition: ColumnElement[bool]) -> Counts:
        query = select(table.c.programme, func.count().label("number")).where(*self._own(table), condition)
        return {row["programme"]: row["number"] for row in await self._rows(query.group_by(table.c.programme))}

    async def _rows(self, query: Select[tuple[object, ...]]) -> Sequence[Row]:
        return await self._unit.execute(query)

    def _own(self, table: Table) -> list[ColumnElement[bool]]:
        return [] if self._organisation is None else [table.c.organisation == self._organisation]


def _within(column: ColumnElement[object], week: Week) -> ColumnElement[bool]:
    return (column >= week.begins_at) & (column < week.ends_at)


def _is_long(today: date) -> ColumnElement[bool]:
    """There for more than three months."""
    return stays.c.arrived_at < long_stay_limit(today)


def _will_be_long(today: date) -> ColumnElement[bool]:
    """Not yet there for so long, and expected to leave after that: on a day on which their stay will be long."""
    limits, leaves = limits_to_come(today), stays.c.expected_exit_on
    # No SQL counts months as people in the Netherlands do, so it is told the limit of each day on which it matters.
    limit = case({day: literal(moment, UtcDateTime) for day, moment in limits.items()}, value=leaves)
    long_by_then = or_(leaves > max(limits), stays.c.arrived_at < limit)
    return and_(not_(_is_long(today)), leaves > today, long_by_then)
