"""The quota ledger. Lines are added and summed up; no statement here changes or removes one."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, insert, or_, select, tuple_

from services.chassis.unit_of_work import UnitOfWork
from services.municipalities.domain import ledger as rules
from services.municipalities.domain.half_year import AMSTERDAM, HalfYear
from services.municipalities.domain.ledger import Account, Booking, Kind, Line
from services.municipalities.domain.quotas import Position
from services.municipalities.tables import half_years, ledger, merger_parts, mergers, quota_swaps

Key = tuple[str, str]
"""A half-year and the code of a municipality."""


@dataclass(frozen=True, slots=True)
class LeftOver:
    """People of a closed half-year that were not housed in it, since a moment; negative when there were too many."""

    municipality_code: str
    since: datetime
    people: int


async def book(
    unit: UnitOfWork,
    *bookings: Booking,
    effective_at: datetime | None = None,
    claim_id: UUID | None = None,
    swap_id: UUID | None = None,
    merger_id: UUID | None = None,
) -> None:
    """Add bookings. The books that they touch are held. Raises UniqueViolation when one would count twice."""
    common = {
        "claim_id": claim_id,
        "swap_id": swap_id,
        "merger_id": merger_id,
        "effective_at": effective_at or unit.now,
        "recorded_at": unit.now,
    }
    lines: list[dict[str, object]] = []
    for booking in bookings:
        same = common | {"booking_id": unit.identifiers()}
        lines += [{"id": unit.identifiers()} | _values(line) | same for line in booking]
    unit.touched.update(line.municipality_code for booking in bookings for line in booking)
    if lines:
        await unit.execute(insert(ledger), lines)


async def positions(
    unit: UnitOfWork, at: datetime, which: ColumnElement[bool], keys: Sequence[Key] | None = None
) -> dict[Key, Position]:
    """Where municipalities stood in half-years at a moment; with keys (in order), only from the first to the last."""
    if keys is not None:
        if not keys:
            return {}
        place = tuple_(ledger.c.half_year, ledger.c.municipality_code)
        which = which & (place >= tuple_(*keys[0])) & (place <= tuple_(*keys[-1]))
    lines: defaultdict[Key, list[Line]] = defaultdict(list)
    for line in await sums(unit, at, which):
        lines[str(line.half_year), line.municipality_code].append(line)
    return {key: rules.position(found) for key, found in lines.items()}


async def sums(unit: UnitOfWork, at: datetime, which: ColumnElement[bool]) -> list[Line]:
    """What the chosen lines that were true at a moment add up to, by account and kind; nothing that adds up to zero."""
    by = (ledger.c.municipality_code, ledger.c.half_year, ledger.c.account, ledger.c.kind)
    people = func.sum(ledger.c.people)
    query = select(*by, people.label("people")).where(which, ledger.c.effective_at <= at)
    found = await unit.execute(query.group_by(*by).having(people != 0).order_by(*by))
    return [
        Line(
            row.municipality_code,
            HalfYear.parse(row.half_year),
            Account(row.account),
            Kind(row.kind),
            int(row.people),
        )
        for row in found
    ]


async def left_over(unit: UnitOfWork, half_year: HalfYear) -> list[LeftOver]:
    """What of a half-year was left when it ended, and what changed that afterwards; nothing that is carried over."""
    ended_at = half_year.next.begins_at
    since = case((ledger.c.effective_at > ended_at, ledger.c.effective_at), else_=ended_at).label("since")
    lines = select(ledger.c.municipality_code, since, ledger.c.people).where(
        ledger.c.half_year == str(half_year), ledger.c.account.in_([Account.OPEN, Account.CLAIMED])
    )
    dated = lines.subquery("dated")
    by, people = (dated.c.since, dated.c.municipality_code), func.sum(dated.c.people)
    query = select(*by, people.label("people")).group_by(*by).having(people != 0).order_by(*by)
    return [LeftOver(row.municipality_code, row.since, int(row.people)) for row in await unit.execute(query)]


async def moments_after(unit: UnitOfWork, moment: datetime, which: ColumnElement[bool]) -> list[datetime]:
    """When the chosen lines became true, if later than a moment; in order."""
    changed = select(ledger.c.effective_at).where(which, ledger.c.effective_at > moment).distinct()
    return [row.effective_at for row in await unit.execute(changed.order_by(ledger.c.effective_at))]


async def add_half_year(unit: UnitOfWork, half_year: HalfYear, national_quota: int, national_inhabitants: int) -> None:
    """Note that the quotas of a half-year are set. Raises UniqueViolation when they were before."""
    values = {
        "half_year": str(half_year),
        "national_quota": national_quota,
        "national_inhabitants": national_inhabitants,
        "set_at": unit.now,
    }
    await unit.execute(insert(half_years).values(values))


_HALF_YEARS = select(half_years).order_by(half_years.c.half_year)


async def set_half_years(unit: UnitOfWork) -> dict[HalfYear, tuple[int, int]]:
    """The half-years whose quotas are set, in order, each with the national number and the number of inhabitants."""
    found = await unit.execute(_HALF_YEARS)
    return {HalfYear.parse(row.half_year): (row.national_quota, row.national_inhabitants) for row in found}


async def final_population_dates(unit: UnitOfWork) -> set[date]:
    """The days on whose populations quotas rest: nothing is added to those any more."""
    return {half_year.population_date for half_year in await set_half_years(unit)}


async def sharers_before(unit: UnitOfWork, day: date) -> set[str]:
    """Who got a part in the newest half-year that had begun by this day, of those whose quotas are set."""
    begun = [half_year for half_year in await set_half_years(unit) if half_year.first_day <= day]
    if not begun:
        return set()
    shares = (ledger.c.half_year == str(begun[-1])) & (ledger.c.kind == Kind.QUOTA) & ledger.c.merger_id.is_(None)
    query = select(ledger.c.municipality_code).where(shares, ledger.c.account == Account.OPEN)
    return {row.municipality_code for row in await unit.execute(query)}


async def add_swap(unit: UnitOfWork, giver: str, taker: str, half_year: HalfYear, people: int) -> UUID:
    """Store that two municipalities swapped a part of their tasks."""
    id_ = unit.identifiers()
    values = {
        "id": id_,
        "half_year": str(half_year),
        "from_code": giver,
        "to_code": taker,
        "people": people,
        "agreed_at": unit.now,
    }
    await unit.execute(insert(quota_swaps).values(values))
    return id_


def listed_half_years() -> Select[tuple[object, ...]]:
    """The half-years whose quotas are set, with their national numbers."""
    return select(half_years)


def listed_swaps(municipality_code: str | None) -> Select[tuple[object, ...]]:
    """Swaps; with a code, those that this municipality is one side of."""
    mine = or_(quota_swaps.c.from_code == municipality_code, quota_swaps.c.to_code == municipality_code)
    return select(quota_swaps) if municipality_code is None else select(quota_swaps).where(mine)


def chosen(municipality_code: str | None, half_year: str | None) -> ColumnElement[bool]:
    """Lines of one municipality, or of one half-year, or of both, or all of them."""
    which = ledger.c.account != Account.NATIONAL
    if municipality_code is not None:
        which = which & (ledger.c.municipality_code == municipality_code)
    return which if half_year is None else which & (ledger.c.half_year == half_year)


def keys(which: ColumnElement[bool], at: datetime) -> Select[tuple[object, ...]]:
    """The half-years and municipalities that had lines at a moment. Who had merged by then is part of another."""
    by = (ledger.c.half_year, ledger.c.municipality_code)
    gone = (
        select(merger_parts.c.municipality_code)
        .join(mergers, mergers.c.id == merger_parts.c.merger_id)
        .where(mergers.c.carried_out_at.is_not(None), mergers.c.effective_on <= _day_of(at))
    )
    there = select(*by).where(which, ledger.c.effective_at <= at, ledger.c.municipality_code.not_in(gone))
    return there.group_by(*by)


def _day_of(moment: datetime) -> date:
    return moment.astimezone(AMSTERDAM).date()


def _values(line: Line) -> dict[str, object]:
    return {
        "municipality_code": line.municipality_code,
        "half_year": str(line.half_year),
        "account": line.account,
        "kind": line.kind,
        "people": line.people,
    }
