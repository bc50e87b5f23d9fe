"""Where an entry stands: who is before it, counted by rule and by profile, and what is to be had in its list.

Each count ends at a limit, so that none costs more because a million people wait.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Label,
    Select,
    SmallInteger,
    Uuid,
    bindparam,
    case,
    func,
    literal_column,
    select,
    tuple_,
    union_all,
)

from services.chassis.database import UtcDateTime, one_of
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.decisions import Group, Right, Rule
from services.registry.domain.model import (
    OPEN_OFFER_STATES,
    Entry,
    EntryState,
    OfferState,
    Profile,
    Terms,
    VacancyState,
)
from services.registry.domain.order import place_in_line
from services.registry.store.allocations import WAS_ANSWERED
from services.registry.store.codec import decode_lacks, decode_profile, decode_terms
from services.registry.store.waitlists import IN_LINE
from services.registry.tables import entries, offers, profiles, vacancies

AHEAD_LIMIT = 10_000
"""Up to here those ahead are counted; from here on it is this many or more."""
VACANCIES_LIMIT = 100
"""How many vacancies of a kind are looked at."""
WAITS_LIMIT = 10_000
"""How many of the last placements an expectation is drawn from."""

# Constants in the text, not parameters: only so can a prepared plan use the partial indexes.
_WAITING = entries.c.state == literal_column(f"'{EntryState.WAITING}'")
_OPEN = vacancies.c.state == literal_column(f"'{VacancyState.OPEN}'")
_TO_ANSWER = offers.c.state.in_([literal_column(f"'{state}'") for state in OPEN_OFFER_STATES])
_FULFILLED = offers.c.state == literal_column(f"'{OfferState.FULFILLED}'")

_SINCE = bindparam("waiting_since", type_=UtcDateTime)
_LOT, _ID = bindparam("lot", type_=Uuid), bindparam("id", type_=Uuid)
_AS_URGENT = entries.c.precedence == bindparam("precedence", type_=SmallInteger)
_CONDITIONS: Mapping[Rule, ColumnElement[bool]] = {
    Rule.MORE_URGENT: entries.c.precedence < bindparam("precedence", type_=SmallInteger),
    Rule.WAITING_LONGER: _AS_URGENT & (entries.c.waiting_since < _SINCE),
    Rule.LOWER_LOT: _AS_URGENT & (entries.c.waiting_since == _SINCE) & (entries.c.lot < _LOT),
    Rule.TIE: _AS_URGENT & (entries.c.waiting_since == _SINCE) & (entries.c.lot == _LOT) & (entries.c.id < _ID),
}
_AS_URGENT_AND_EARLIER = _AS_URGENT & (
    tuple_(entries.c.waiting_since, entries.c.lot, entries.c.id) < tuple_(_SINCE, _LOT, _ID)
)


class Standing(NamedTuple):
    """A vacancy that is to be had now: open, or offered to someone who has not answered yet."""

    terms: Terms
    state: VacancyState
    available_from: datetime
    offered_before: bool


class Wait(NamedTuple):
    """A household that got a place: what it was like, and from when until when it waited."""

    profile: Profile
    since: datetime
    until: datetime


def _first(*conditions: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    """The first in line who meet these, in a scan of the index that holds the list's order."""
    mine = select(entries.c.id, entries.c.profile_id, entries.c.eligible_until, entries.c.state, entries.c.lacks)
    mine = mine.where(entries.c.waitlist == bindparam("list"), *conditions)
    in_line = mine.order_by(entries.c.precedence, entries.c.waiting_since, entries.c.lot, entries.c.id)
    return select(in_line.limit(bindparam("limit", type_=Integer)).subquery())


def _counted(rule: Rule) -> Label[int]:
    return (
        select(func.count())
        .select_from(_first(_WAITING, _CONDITIONS[rule]).subquery())
        .scalar_subquery()
        .label(rule.name)
    )


_BY_RULE = select(*map(_counted, Rule))
_IN_LINE = (
    # Two parts, as in `waitlists`: PostgreSQL ends an index scan by the first column of a row comparison only.
    union_all(_first(IN_LINE, _CONDITIONS[Rule.MORE_URGENT]), _first(IN_LINE, _AS_URGENT_AND_EARLIER))
    .limit(bindparam("limit", type_=Integer))
    .subquery()
)
_RIGHT = case(
    (_IN_LINE.c.eligible_until.is_(None), literal_column(f"'{Right.NOT_KNOWN}'")),
    (_IN_LINE.c.eligible_until > bindparam("begins", type_=UtcDateTime), literal_column(f"'{Right.RUNS}'")),
    else_=literal_column(f"'{Right.ENDED}'"),
).label("standing_right")


_REPEATED = one_of(_IN_LINE.c.id, "offered_before").label("repeated")
_IS_PAUSED = (_IN_LINE.c.state == literal_column(f"'{EntryState.PAUSED}'")).label("paused")
_grouped = select(_IN_LINE.c.profile_id, _RIGHT, _REPEATED, _IS_PAUSED, _IN_LINE.c.lacks).subquery()
_KEY = (_grouped.c.profile_id, _grouped.c.standing_right, _grouped.c.repeated, _grouped.c.paused, _grouped.c.lacks)
_IN_GROUPS = select(*_KEY, func.count().label("count")).group_by(*_KEY)


async def ahead_by_rule(unit: UnitOfWork, entry: Entry) -> dict[Rule, int]:
    """How many wait before this entry by each rule, up to AHEAD_LIMIT each: one indexed count for each."""
    row = (await unit.execute(_BY_RULE, _place(entry) | {"limit": AHEAD_LIMIT})).one()
    return {rule: row[rule.name] for rule in Rule}


async def ahead_in_groups(
    unit: UnitOfWork,
    known: Mapping[UUID, Profile],
    entry: Entry,
    offered_before: Collection[UUID],
    begins: datetime,
    limit: int,
) -> dict[Group, int]:
    """How many of each group are among the first `limit` who wait or stand aside before this entry.

    `begins`: when they could be there, which is when their right must still run.
    """
    given = {"offered_before": offered_before, "limit": limit, "begins": begins}
    rows = await unit.execute(_IN_GROUPS, _place(entry) | given)
    return {
        Group(
            known[row.profile_id],
            Right(row.standing_right),
            bool(row.repeated),
            bool(row.paused),
            decode_lacks(row.lacks),
        ): row["count"]
        for row in rows
    }


async def to_be_had(unit: UnitOfWork, entry: Entry) -> tuple[bool, list[Standing]]:
    """The vacancies of a list that are open, and those that others are asked about; the longest open first.

    At most VACANCIES_LIMIT of each, and whether there may be more.
    """
    earlier = select(offers).where(WAS_ANSWERED, offers.c.case_id == entry.case_id).subquery("earlier")
    asked = select(earlier.c.id).where(earlier.c.vacancy_id == vacancies.c.id)
    columns = (vacancies.c.id, vacancies.c.terms, vacancies.c.state, vacancies.c.available_from, vacancies.c.opened_at)
    query = select(*columns, asked.exists().label("offered_before"))
    free = query.where(vacancies.c.waitlist == entry.waitlist, _OPEN).order_by(vacancies.c.opened_at, vacancies.c.id)
    asking = query.join(offers, offers.c.vacancy_id == vacancies.c.id)
    asking = asking.where(offers.c.waitlist == entry.waitlist, _TO_ANSWER, offers.c.entry_id != entry.id)
    asking = asking.order_by(offers.c.deadline_at, offers.c.id)
    parts = [await unit.execute(part.limit(VACANCIES_LIMIT)) for part in (free, asking)]
    found = sorted((row for part in parts for row in part), key=lambda row: (row.opened_at, row.id))
    return any(len(part) == VACANCIES_LIMIT for part in parts), [
        Standing(decode_terms(row.terms), VacancyState(row.state), row.available_from, bool(row.offered_before))
        for row in found
    ]


async def waits(unit: UnitOfWork, waitlist: str, since: datetime) -> list[Wait]:
    """The placements in a list since this moment, the newest first."""
    query = (
        select(profiles.c.profile, entries.c.waiting_since, offers.c.decided_at)
        .join(entries, entries.c.id == offers.c.entry_id)
        .join(profiles, profiles.c.id == entries.c.profile_id)
        .where(offers.c.waitlist == waitlist, _FULFILLED, offers.c.decided_at >= since)
        .order_by(offers.c.decided_at.desc(), offers.c.id.desc())
        .limit(WAITS_LIMIT)
    )
    return [Wait(decode_profile(row.profile), row.waiting_since, row.decided_at) for row in await unit.execute(query)]


def _place(entry: Entry) -> dict[str, object]:
    names = ("precedence", "waiting_since", "lot", "id")
    return {"list": entry.waitlist} | dict(zip(names, place_in_line(entry), strict=True))
