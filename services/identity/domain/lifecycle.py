"""When a signing key begins to sign, when the next one is made, and when its public part is needed no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

AHEAD = timedelta(days=1)
"""How long a new key is published before it signs: whoever keeps our keys for a while has it by then."""
OVERLAP = timedelta(hours=7)
"""How long a key is published after it signed last: an access token lives six hours, and clocks differ."""


@dataclass(frozen=True, slots=True)
class Period:
    """The time of one key: from here on it signs, until the next one does."""

    number: int
    signs_from: datetime


def signing(periods: Sequence[Period], now: datetime) -> Period | None:
    """Whose turn it is: the last that has begun."""
    begun = [period for period in periods if period.signs_from <= now]
    return max(begun, key=lambda period: period.number, default=None)


def next_period(periods: Sequence[Period], now: datetime, rotation: timedelta) -> Period | None:
    """The period for which a key must be made now; None when it is not yet time. The first begins at once."""
    if not periods:
        return Period(1, now)
    last = max(periods, key=lambda period: period.number)
    begins = last.signs_from + rotation
    return None if now < begins - AHEAD else Period(last.number + 1, max(begins, now + AHEAD))


def over(periods: Sequence[Period], now: datetime) -> list[Period]:
    """Those whose last token has expired: each long enough after the next one began."""
    ordered = sorted(periods, key=lambda period: period.number)
    return [period for period, following in pairwise(ordered) if following.signs_from + OVERLAP <= now]
