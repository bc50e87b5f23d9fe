"""What one attempt to tell somebody led to."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Verdict(StrEnum):
    """What an attempt means for its deliveries, and for the endpoint."""

    DELIVERED = "delivered"
    FAILED = "failed"
    """It may go well another time: it is tried again, after the schedule."""
    REFUSED = "refused"
    """It will never go well, although others may: this delivery is dead at once."""
    GONE = "gone"
    """The endpoint wants nothing any more: the delivery is dead, and the endpoint is disabled."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt led to. Nothing that the receiver wrote is in it: it may be anything."""

    verdict: Verdict
    reason: str
    """One of a few words that the channel knows, in kebab-case, such as `timed-out`."""
    status: int | None = None
    """What the receiver answered with, where its protocol has numbers for that."""
    retry_after: timedelta | None = None
    """How long the receiver asked to be left alone, with everything."""


DELIVERED = Outcome(Verdict.DELIVERED, "delivered")
