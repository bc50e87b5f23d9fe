"""The chain as a whole, for those who watch over it: now, and over the last twelve months."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median

from schemas.api.overviews import (
    MONTHS,
    NEAREST_LIMIT,
    Chain,
    ListNow,
    MonthOfChain,
    MonthsOfChain,
    NearOffer,
    WaitingAtEnd,
)
from services.calendar.months import Month, last_months, month_of
from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Reply
from services.registry.routes.common import BASE
from services.registry.store import overviews as store

HOUR_SECONDS = 3600


def operations() -> tuple[Operation[UnitOfWork], ...]:
    """What may be asked about the whole."""
    return (
        Operation(
            method="GET",
            path=f"{BASE}/overviews/now",
            operation_id="getChain",
            summary="Look at the chain at a glance",
            description="Who waits and what is free, by list, and the offers that run out first. Only numbers, and no "
            "case.",
            handler=get_chain,
            response=Chain,
            tags=("overviews",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/overviews/months",
            operation_id="getMonths",
            summary="Look at the last twelve months",
            description="Who waited at the end of each, how long a free place took to be offered and accepted, and how "
            "homes became free places. When somebody left a list without a place is not kept: they are not counted.",
            handler=get_months,
            response=MonthsOfChain,
            tags=("overviews",),
        ),
    )


async def get_chain(_call: Call, unit: UnitOfWork) -> Reply:
    """Look at the chain."""
    lists = [ListNow(**figures) for figures in await store.lists_now(unit)]
    offers = [_near(row) for row in await store.nearest(unit, NEAREST_LIMIT)]
    return Reply(200, Chain(at=unit.now, lists=lists, nearest=offers))


async def get_months(_call: Call, unit: UnitOfWork) -> Reply:
    """Look at the last twelve months."""
    months = last_months(unit.now, MONTHS)
    since = months[0].begins_at
    accepted = defaultdict[Month, list[Row]](list)
    for row in await store.acceptances(unit, since):
        accepted[month_of(row.accepted_at)].append(row)
    moved = {
        "homes_opened": await store.homes_opened(unit, since),
        "homes_moved_into": await store.homes_moved_into(unit, since),
        "beds_freed": await store.beds_freed(unit, since),
    }
    waiting = dict(zip(months, await store.waiting_at_ends(unit, months), strict=True))
    shown = [
        _month(month, waiting[month], accepted[month], {name: count[month] for name, count in moved.items()})
        for month in months
    ]
    return Reply(200, MonthsOfChain(at=unit.now, months=shown))


def _near(row: Row) -> NearOffer:
    return NearOffer(offer_id=row.id, waitlist=row.waitlist, coordinator=row.coordinator, deadline_at=row.deadline_at)


def _month(
    month: Month, waiting: Mapping[str, tuple[int, int]], accepted: Sequence[Row], moved: Mapping[str, int]
) -> MonthOfChain:
    return MonthOfChain(
        month=month.name,
        waiting=[
            WaitingAtEnd(waitlist=waitlist, households=households, people=people)
            for waitlist, (households, people) in waiting.items()
        ],
        accepted=len(accepted),
        hours_to_offer=_hours(accepted, "offered_at"),
        hours_to_acceptance=_hours(accepted, "accepted_at"),
        **moved,
    )


def _hours(accepted: Sequence[Row], until: str) -> float | None:
    """The median from when these places came free; none when there are none."""
    took = [max(0.0, (row[until] - row["opened_at"]).total_seconds() / HOUR_SECONDS) for row in accepted]
    return round(median(took), 2) if took else None
