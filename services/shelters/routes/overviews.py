"""The weekly overview."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from schemas.api.overviews import MONTHS, Occupancy, OccupancyOfMonth, OccupancyOfMonths
from schemas.api.shelters import ExpectedExit, LongStay, ProgrammeOverview, WeeklyOverview, WeeklyOverviewQuery
from schemas.vocabulary import Programme
from services.calendar.months import last_months
from services.chassis.database import Row
from services.chassis.errors import FieldError, InvalidInput
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Reply
from services.shelters.domain.calendar import Week, day_of, three_months_end, week_named, week_of
from services.shelters.domain.contracts import capacity_on
from services.shelters.routes.common import BASE
from services.shelters.store.contracts import contract_of
from services.shelters.store.overview import Counts, Overview


@dataclass(frozen=True, slots=True)
class _Figures:
    """What was counted, each by programme."""

    contracts: Sequence[Row]
    occupancy: dict[str, Row]
    arrivals: Counts
    departures: Counts
    no_shows: Counts
    exits: tuple[Counts, Sequence[Row]]
    overdue: tuple[Counts, Sequence[Row]]
    long_stays: tuple[Counts, Counts, Sequence[Row]]

    def has(self, programme: Programme) -> bool:
        """Whether there is anything to say about the programme."""
        moved = (self.arrivals, self.departures, self.no_shows)
        counts = (*moved, self.exits[0], self.overdue[0], *self.long_stays[:2])
        contracted = any(row["programme"] == programme for row in self.contracts)
        return contracted or programme in self.occupancy or any(programme in each for each in counts)


async def get_weekly_overview(call: Call[None, WeeklyOverviewQuery], unit: UnitOfWork) -> Reply:
    """Look at one week."""
    week = _week(call.query.week) if call.query.week else week_of(unit.now)
    counted = Overview(unit, call.owner)
    figures = _Figures(
        await counted.contracts(),
        await counted.occupancy(),
        await counted.arrivals(week),
        await counted.departures(week),
        await counted.no_shows(week),
        await counted.expected_exits(week),
        await counted.overdue_exits(),
        await counted.long_stays(),
    )
    programmes = [_programme(each, figures, day_of(unit.now)) for each in Programme if figures.has(each)]
    overview = WeeklyOverview(
        week=week.name, first_day=week.first_day, last_day=week.last_day, at=unit.now, programmes=programmes
    )
    return Reply(200, overview)


async def get_occupancy(call: Call, unit: UnitOfWork) -> Reply:
    """Look at the last twelve months."""
    counted, months = Overview(unit, call.owner), last_months(unit.now, MONTHS)
    ends = [*(month.ends_at for month in months[:-1]), unit.now]
    contracts, stays = await counted.contracts(), await counted.stays_since(ends[0])
    shown = [
        OccupancyOfMonth(month=month.name, programmes=_occupied(contracts, stays, end))
        for month, end in zip(months, ends, strict=True)
    ]
    return Reply(200, OccupancyOfMonths(at=unit.now, months=shown))


def _occupied(contracts: Sequence[Row], stays: Sequence[Row], end: datetime) -> list[Occupancy]:
    """At this moment, which ends a month and is in no other day than its last."""
    places = Counter[str]()
    for stay in stays:
        there = stay.arrived_at < end and (stay.departed_at is None or stay.departed_at >= end)
        places[stay["programme"]] += stay["places"] if there else 0
    day = day_of(end - timedelta(microseconds=1))
    found = []
    for programme in Programme:
        mine = [contract_of(row) for row in contracts if row["programme"] == programme]
        if mine or programme in places:
            capacity = capacity_on(mine, day) if mine else None
            occupied = places[programme]
            found.append(Occupancy(programme=programme, places_occupied=occupied, contracted_places=capacity))
    return found


def _week(name: str) -> Week:
    try:
        return week_named(name)
    except ValueError:
        message = "Query parameter: there is no such week."
        raise InvalidInput(message, fields=[FieldError("/week", message)]) from None


def _programme(programme: Programme, figures: _Figures, today: date) -> ProgrammeOverview:
    contracts = [contract_of(row) for row in figures.contracts if row["programme"] == programme]
    (exits, leaving), (overdue, late) = figures.exits, figures.overdue
    long_stays, expected_long_stays, staying = figures.long_stays
    occupancy = figures.occupancy.get(programme)
    standing = ("units_in_service", "places_in_service", "units_occupied", "places_occupied")
    return ProgrammeOverview(
        programme=programme,
        contracted_places=capacity_on(contracts, today) if contracts else None,
        **{name: occupancy[name] if occupancy else 0 for name in standing},
        arrivals=figures.arrivals.get(programme, 0),
        departures=figures.departures.get(programme, 0),
        no_shows=figures.no_shows.get(programme, 0),
        expected_exits=exits.get(programme, 0),
        overdue_exits=overdue.get(programme, 0),
        long_stays=long_stays.get(programme, 0),
        expected_long_stays=expected_long_stays.get(programme, 0),
        exits=[_exit(row) for row in leaving if row["programme"] == programme],
        exits_overdue=[_exit(row) for row in late if row["programme"] == programme],
        stays_beyond_three_months=[_long_stay(row) for row in staying if row["programme"] == programme],
    )


def _exit(row: Row) -> ExpectedExit:
    return ExpectedExit(**{name: row[name] for name in ExpectedExit.model_fields})


def _long_stay(row: Row) -> LongStay:
    same = ("unit_id", "arrived_at", "expected_exit_on", "delay_reason")
    ends = three_months_end(day_of(row["arrived_at"]))
    return LongStay(three_months_end_on=ends, **{name: row[name] for name in same})


def operations() -> tuple[Operation[UnitOfWork], ...]:
    """Looking at one week."""
    return (
        Operation(
            method="GET",
            path=f"{BASE}/overviews/weekly",
            operation_id="getWeeklyOverview",
            summary="Look at one week: occupancy, movements, expected exits, long stays",
            description="A provider sees its own; operators and auditors see totals over all providers, without units.",
            handler=get_weekly_overview,
            query=WeeklyOverviewQuery,
            response=WeeklyOverview,
            tags=("overviews",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/overviews/months",
            operation_id="getOccupancy",
            summary="Look at the last twelve months: places occupied and under contract",
            description="A provider sees its own; those who watch over the chain see totals over all providers.",
            handler=get_occupancy,
            response=OccupancyOfMonths,
            tags=("overviews",),
        ),
    )
