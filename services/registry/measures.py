"""What the registry measures: how fast what is free is offered, what becomes of offers, and what waits."""

from collections.abc import Iterable
from datetime import timedelta

from prometheus_client import Counter, Histogram
from sqlalchemy import ColumnElement, Select, bindparam, case, func, select

from services.chassis.database import UtcDateTime
from services.chassis.measures import FAMILIES, OWN, elapsed_seconds
from services.chassis.measures.readings import UP_TO, Readings, bounded, gauge
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.model import Allocation, Offer
from services.registry.store.allocations import OPEN, TO_ANSWER
from services.registry.tables import offers, vacancies

NEAR = timedelta(hours=1)
"""An offer is near its deadline when so much of its time is left, or less."""

ALLOCATIONS = Counter(
    f"{OWN}allocations",
    "Offers and enquiries by what became of them.",
    ("service", "list_kind", "outcome"),
    registry=FAMILIES,
)
FREED_TO_OFFERED = Histogram(
    f"{OWN}freed_to_offered_seconds",
    "From when a place came free to the commit of the offer, or enquiry, of whatever is offered at once.",
    ("service", "list_kind"),
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60, 600),
    registry=FAMILIES,
)
FREE = gauge("free_vacancies", f"Vacancies that are offered to nobody{UP_TO}")
UNDECIDED = gauge("free_vacancies_without_decision", f"Those of them that were never offered to anybody{UP_TO}")
OPEN_OFFERS = gauge("open_offers", f"Offers and enquiries that wait for an answer{UP_TO}")
NEAR_DEADLINE = gauge("open_offers_near_deadline", "Those of them whose deadline is within an hour, or has passed.")
OVERDUE = gauge("open_offers_overdue", "Those of them whose deadline has passed: what should move them on does not.")

_REGISTRY = "registry"


def count(unit: UnitOfWork, offer: Offer) -> None:
    """Once it is committed, count what has become of this offer."""
    unit.after_commit.append(ALLOCATIONS.labels(_REGISTRY, offer.kind, offer.state).inc)


def time_from_freed(unit: UnitOfWork, made: Iterable[Allocation]) -> None:
    """Once it is committed, measure how long it took from when these vacancies came free."""
    offered = [allocation.vacancy for allocation in made]

    def measure() -> None:
        now = unit.clock()
        for vacancy in offered:
            FREED_TO_OFFERED.labels(_REGISTRY, vacancy.kind).observe(elapsed_seconds(vacancy.opened_at, now))

    unit.after_commit.append(measure)


async def read(unit: UnitOfWork) -> Readings:
    """What waits, from the indexes of what is open."""
    [free] = await unit.execute(_FREE)
    [waiting] = await unit.execute(_WAITING, {"near": unit.now + NEAR, "now": unit.now})
    return {
        FREE: free.number,
        UNDECIDED: free.undecided,
        OPEN_OFFERS: waiting.number,
        NEAR_DEADLINE: waiting.near,
        OVERDUE: waiting.overdue,
    }


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _free() -> Select[int, int]:
    found = bounded(select(vacancies.c.allocation_version).where(OPEN))
    # Before our first event about it nobody was offered it.
    undecided = _how_many(found.c.allocation_version == 0)
    return select(func.count().label("number"), undecided.label("undecided")).select_from(found)


def _waiting() -> Select[int, int, int]:
    found = bounded(select(offers.c.deadline_at).where(TO_ANSWER))
    near = _how_many(found.c.deadline_at <= bindparam("near", type_=UtcDateTime))
    overdue = _how_many(found.c.deadline_at <= bindparam("now", type_=UtcDateTime))
    return select(func.count().label("number"), near.label("near"), overdue.label("overdue")).select_from(found)


_FREE, _WAITING = _free(), _waiting()
