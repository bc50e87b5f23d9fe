"""What the notifications' service measures: how soon a coordinator can know of an offer, and how deliveries go."""

from collections.abc import Sequence
from datetime import datetime

from prometheus_client import Counter, Histogram
from sqlalchemy import Executable, func, literal_column, select

from services.chassis.measures import FAMILIES, OWN, elapsed_seconds
from services.chassis.measures.readings import UP_TO, Readings, bounded, gauge
from services.chassis.unit_of_work import UnitOfWork
from services.notifications.domain.outcomes import Verdict
from services.notifications.tables import deliveries, subscriptions

OFFERED_TO_NOTIFIED = Histogram(
    f"{OWN}offered_to_notified_seconds",
    "From when an offer was made to the commit of its notification, which is on every open stream at once.",
    ("service",),
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60, 600),
    registry=FAMILIES,
)
ATTEMPTS = Counter(
    f"{OWN}delivery_attempts",
    "Attempts to deliver to an endpoint, by channel and what they led to.",
    ("service", "channel", "verdict"),
    registry=FAMILIES,
)
NOTIFIED_TO_DELIVERED = Histogram(
    f"{OWN}notified_to_delivered_seconds",
    "From when a notification was committed to the commit of its delivery to an endpoint.",
    ("service",),
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60, 600, 3600, 36_000, 360_000),
    registry=FAMILIES,
)
PENDING = gauge("deliveries_pending", f"Deliveries that are to be brought to an endpoint{UP_TO}")
DEAD = gauge("deliveries_dead", f"Deliveries that were given up after their last attempt{UP_TO}")
DISABLED = gauge("subscriptions_disabled", "Subscriptions that were disabled because their endpoint failed or refused.")
_DELIVERED = NOTIFIED_TO_DELIVERED.labels("notifications")
_NOTIFIED = OFFERED_TO_NOTIFIED.labels("notifications")


def time_from_offered(unit: UnitOfWork, made_at: Sequence[datetime]) -> None:
    """Once it is committed, measure how long it took from when these offers were made."""

    def measure() -> None:
        now = unit.clock()
        for moment in made_at:
            _NOTIFIED.observe(elapsed_seconds(moment, now))

    unit.after_commit.append(measure)


def count_attempt(unit: UnitOfWork, channel: str, verdict: Verdict) -> None:
    """Once it is committed, count an attempt."""
    unit.after_commit.append(ATTEMPTS.labels("notifications", channel, verdict).inc)


def time_to_delivery(unit: UnitOfWork, notified_at: datetime) -> None:
    """Once it is committed, measure how long after it was stored this was delivered."""
    unit.after_commit.append(lambda: _DELIVERED.observe(elapsed_seconds(notified_at, unit.clock())))


async def read(unit: UnitOfWork) -> Readings:
    """What waits, and what went wrong, from the indexes of these."""
    return {measure: (await unit.execute(statement)).one().number for measure, statement in _READINGS.items()}


def _in_state(state: str) -> Executable:
    found = select(deliveries.c.id).where(deliveries.c.state == literal_column(f"'{state}'"))
    return select(func.count().label("number")).select_from(bounded(found))


def _disabled() -> Executable:
    found = select(subscriptions.c.id).where(subscriptions.c.state == literal_column("'disabled'"))
    return select(func.count().label("number")).select_from(bounded(found))


_READINGS = {PENDING: _in_state("pending"), DEAD: _in_state("dead"), DISABLED: _disabled()}
