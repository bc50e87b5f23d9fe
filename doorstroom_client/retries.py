"""When a request is sent again, and after how long: bounded, with jitter, and never sooner than the server asks."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from doorstroom_client.errors import ClientError

Chance = Callable[[], float]
"""Gives a number from 0 up to 1 at each call."""

AGAIN = frozenset({429, 502, 503, 504})
"""Too much asked for now; or nobody there who could answer: then nothing was done, or a key keeps it from twice."""


def system_chance() -> float:
    """From the machine's random source; it spreads requests, and keeps no secret."""
    return random.random()  # noqa: S311 - jitter


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, and how long between. What a server asks for with Retry-After is waited for, up to a limit."""

    attempts: int = 4
    first_wait_seconds: float = 0.1
    longest_wait_seconds: float = 3.0
    retry_after_limit_seconds: float = 30.0
    """A server that asks for more is not waited for: the error comes at once, and its text says how long."""
    timeout_seconds: float = 15.0
    """Of each attempt."""

    def wait_seconds(self, failures: int, retry_after_seconds: float | None, chance: Chance) -> float:
        """How long after so many failures in a row; anywhere up to twice as long as after one fewer."""
        longest = min(self.longest_wait_seconds, self.first_wait_seconds * 2.0 ** min(failures - 1, 30))
        return (retry_after_seconds or 0.0) + longest * chance()


class TryAgain(Exception):
    """An attempt that may be followed by another; `error` is what to raise when it is not."""

    def __init__(self, error: ClientError, retry_after_seconds: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.retry_after_seconds = retry_after_seconds


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """What the header Retry-After asks for, in seconds or as a date (RFC 9110); None when it does not say."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return max(0.0, (moment - now).total_seconds())
