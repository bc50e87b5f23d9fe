"""The chain as a whole, counted. Each count ends at a limit, so that it stays cheap when much has gone wrong."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, select

from schemas.vocabulary import ListKind
from services.calendar.months import Month, month_of
from services.chassis.database import Row
from services.chassis.measures.readings import bounded
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.model import LIVE_ENTRY_STATES, EntryState, OfferState
from services.registry.store.allocations import OPEN, TO_ANSWER
from services.registry.store.codec import decode_profile
from services.registry.store.waitlists import IN_LINE
from services.registry.tables import entries, offers, profiles, vacancies, waitlists

NEAR = timedelta(hours=4)
"""An offer is near its deadline when so much of its time is left, or less."""
MOVED_LIMIT = 100_000

_LIVE = entries.c.state.in_(LIVE_ENTRY_STATES)
_FULFILLED = offers.c.state == OfferState.FULFILLED
_FIRST = offers.alias("first")


async def lists_now(unit: UnitOfWork) -> list[dict[str, Any]]:
    """Each list, with what waits in it and what is free for it."""
    return [await _list_now(unit, row.id) for row in await unit.execute(select(waitlists.c.id).order_by("id"))]


async def nearest(unit: UnitOfWork, limit: int) -> Sequence[Row]:
    """The offers that wait for a coordinator's answer, the first to run out on top."""
    made = offers.c.state == OfferState.MADE
    query = select(offers.c.id, offers.c.waitlist, offers.c.coordinator, offers.c.deadline_at).where(TO_ANSWER, made)
    return await unit.execute(query.order_by(offers.c.deadline_at, offers.c.id).limit(limit))


async def waiting_at_ends(unit: UnitOfWork, months: Sequence[Month]) -> list[Mapping[str, tuple[int, int]]]:
    """Households and people who waited in each list at the end of each month, the last of which is now.

    Those who wait still, and those who were placed after it; when somebody left a list otherwise, is not known.
    """
    ends = [*(month.ends_at for month in months[:-1]), unit.now]
    people = {row.id: decode_profile(row.profile).places for row in await unit.execute(select(profiles))}
    waited = [Counter[tuple[str, UUID]]() for _ in ends]
    for row in await unit.execute(_still_waiting(ends)):
        for counter in waited[row.since :]:
            counter[row.waitlist, row.profile_id] += row.number
    for row in await unit.execute(_placed_since(ends[0])):
        for end, counter in zip(ends, waited, strict=True):
            counter[row.waitlist, row.profile_id] += row.waiting_since < end <= row.decided_at
    return [_by_list(counter, people) for counter in waited]


async def acceptances(unit: UnitOfWork, since: datetime) -> Sequence[Row]:
    """Places in shelters that were accepted: when they came free, were first offered, and when somebody said yes."""
    first = select(func.min(_FIRST.c.made_at)).where(_FIRST.c.vacancy_id == vacancies.c.id).scalar_subquery()
    query = (
        select(vacancies.c.opened_at, first.label("offered_at"), offers.c.accepted_at)
        .join(vacancies, vacancies.c.id == offers.c.vacancy_id)
        .where(offers.c.kind == ListKind.SHELTER, offers.c.state.in_([OfferState.ACCEPTED, OfferState.FULFILLED]))
        .where(offers.c.accepted_at >= since)
    )
    return await unit.execute(query.order_by(offers.c.accepted_at.desc()).limit(MOVED_LIMIT))


async def homes_opened(unit: UnitOfWork, since: datetime) -> Counter[Month]:
    """How many homes were opened in each month."""
    of_homes = vacancies.c.kind == ListKind.HOUSING
    return await _by_month(
        unit, select(vacancies.c.opened_at.label("at")).where(of_homes), vacancies.c.opened_at, since
    )


async def homes_moved_into(unit: UnitOfWork, since: datetime) -> Counter[Month]:
    """How many homes were moved into in each month."""
    mine = _FULFILLED & (offers.c.kind == ListKind.HOUSING)
    return await _by_month(unit, select(offers.c.decided_at.label("at")).where(mine), offers.c.decided_at, since)


async def beds_freed(unit: UnitOfWork, since: datetime) -> Counter[Month]:
    """How many places in shelters came free in each month because whoever lived there moved into a home."""
    home = offers.alias("home")
    moved = (
        select(home.c.id)
        .where(home.c.case_id == offers.c.case_id, home.c.kind == ListKind.HOUSING)
        .where(home.c.state == OfferState.FULFILLED, home.c.decided_at <= offers.c.ended_at)
    )
    mine = _FULFILLED & (offers.c.kind == ListKind.SHELTER) & moved.exists()
    return await _by_month(unit, select(offers.c.ended_at.label("at")).where(mine), offers.c.ended_at, since)


async def _list_now(unit: UnitOfWork, waitlist: str) -> dict[str, Any]:
    line = bounded(select(entries.c.state).where(entries.c.waitlist == waitlist, IN_LINE))
    asked = bounded(select(offers.c.deadline_at).where(offers.c.waitlist == waitlist, TO_ANSWER))
    free = bounded(
        select(vacancies.c.allocation_version, vacancies.c.opened_at).where(vacancies.c.waitlist == waitlist, OPEN)
    )
    waiting = select(
        func.count().label("waiting"), _how_many(line.c.state == EntryState.PAUSED).label("aside")
    ).select_from(line)
    offered = select(
        func.count().label("offered"), _how_many(asked.c.deadline_at <= unit.now + NEAR).label("near_deadline")
    ).select_from(asked)
    # Before our first event about it nobody was offered it.
    places = select(
        func.count().label("free"),
        _how_many(free.c.allocation_version == 0).label("undecided"),
        func.min(free.c.opened_at).label("free_since"),
    ).select_from(free)
    counted = [(await unit.execute(query)).one() for query in (waiting, offered, places)]
    return {"waitlist": waitlist, **{name: row[name] for row in counted for name in row.keys()}}  # noqa: SIM118 - a row


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _still_waiting(ends: Sequence[datetime]) -> Select[tuple[object, ...]]:
    """Those who wait, by list and profile, and by the first of these moments at which they did."""
    found = bounded(select(entries.c.waitlist, entries.c.profile_id, entries.c.waiting_since).where(_LIVE))
    since = case(*((found.c.waiting_since < end, number) for number, end in enumerate(ends)), else_=len(ends))
    groups = (found.c.waitlist, found.c.profile_id, since.label("since"))
    return select(*groups, func.count().label("number")).group_by(*groups)


def _placed_since(moment: datetime) -> Select[tuple[object, ...]]:
    columns = (entries.c.waitlist, entries.c.profile_id, entries.c.waiting_since, offers.c.decided_at)
    query = select(*columns).join(entries, entries.c.id == offers.c.entry_id)
    return query.where(_FULFILLED, offers.c.decided_at >= moment).limit(MOVED_LIMIT)


def _by_list(counter: Counter[tuple[str, UUID]], people: Mapping[UUID, int]) -> Mapping[str, tuple[int, int]]:
    households, heads = Counter[str](), Counter[str]()
    for (waitlist, profile_id), number in counter.items():
        households[waitlist] += number
        heads[waitlist] += number * people[profile_id]
    return {waitlist: (number, heads[waitlist]) for waitlist, number in sorted(households.items())}


async def _by_month(
    unit: UnitOfWork, query: Select[tuple[object]], moment: ColumnElement[datetime], since: datetime
) -> Counter[Month]:
    rows: Iterable[Row] = await unit.execute(query.where(moment >= since).limit(MOVED_LIMIT))
    return Counter(month_of(row.at) for row in rows)
