"""What follows from an attempt: when it is tried again, and what becomes of an endpoint that keeps failing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.notifications.domain.outcomes import Outcome, Verdict

JITTER = 0.1
"""Each pause is longer or shorter by at most this part of it: what failed together does not come back together."""
LONGEST_PAUSE = timedelta(hours=24)
"""The longest that a receiver may ask to be left alone at once."""
WARN_AFTER = timedelta(days=2)
DISABLE_AFTER = timedelta(days=5)


class State(StrEnum):
    """Of a delivery."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    SKIPPED = "skipped"


class Step(StrEnum):
    """What is done about an endpoint."""

    NOTHING = "nothing"
    WARN = "warn"
    DISABLE = "disable"


@dataclass(frozen=True, slots=True)
class Next:
    """What becomes of a delivery."""

    state: State
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Health:
    """Since when everything to an endpoint has failed, when its owner was warned, and what is done now."""

    failing_since: datetime | None
    warned_at: datetime | None
    step: Step = Step.NOTHING


def next_of(outcome: Outcome, tries: int, now: datetime, retries: Sequence[timedelta], chance: float) -> Next:
    """What follows for a delivery that has been tried so often, this time included. `chance` lies between 0 and 1."""
    if outcome.verdict is Verdict.DELIVERED:
        return Next(State.DELIVERED, None)
    if outcome.verdict is not Verdict.FAILED or tries > len(retries):
        return Next(State.DEAD, None)
    pause = retries[tries - 1] * (1 - JITTER + 2 * JITTER * chance)
    return Next(State.PENDING, now + max(pause, left_alone(outcome)))


def left_alone(outcome: Outcome) -> timedelta:
    """How long the endpoint asked to be left alone, as far as that is obeyed."""
    return min(outcome.retry_after or timedelta(0), LONGEST_PAUSE)


def health_after(outcome: Outcome, failing_since: datetime | None, warned_at: datetime | None, now: datetime) -> Health:
    """How an endpoint is after this attempt. It is warned well before it is disabled, and never disabled unwarned."""
    if outcome.verdict is Verdict.GONE:
        return Health(failing_since or now, warned_at, Step.DISABLE)
    if outcome.verdict is not Verdict.FAILED:
        # Whoever refuses one thing is there.
        return Health(None, None)
    since = failing_since or now
    if warned_at is None:
        warns = now - since >= WARN_AFTER
        return Health(since, now if warns else None, Step.WARN if warns else Step.NOTHING)
    ends = now - since >= DISABLE_AFTER and now - warned_at >= DISABLE_AFTER - WARN_AFTER
    return Health(since, warned_at, Step.DISABLE if ends else Step.NOTHING)
