"""What the notifications' service measures: how soon a coordinator can know of an offer."""

from collections.abc import Sequence
from datetime import datetime

from prometheus_client import Histogram

from services.chassis.measures import FAMILIES, OWN, elapsed_seconds
from services.chassis.unit_of_work import UnitOfWork

OFFERED_TO_NOTIFIED = Histogram(
    f"{OWN}offered_to_notified_seconds",
    "From when an offer was made to the commit of its notification, which is on every open stream at once.",
    ("service",),
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60, 600),
    registry=FAMILIES,
)
_NOTIFIED = OFFERED_TO_NOTIFIED.labels("notifications")


def time_from_offered(unit: UnitOfWork, made_at: Sequence[datetime]) -> None:
    """Once it is committed, measure how long it took from when these offers were made."""

    def measure() -> None:
        now = unit.clock()
        for moment in made_at:
            _NOTIFIED.observe(elapsed_seconds(moment, now))

    unit.after_commit.append(measure)
