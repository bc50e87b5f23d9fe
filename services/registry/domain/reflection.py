"""The reflection period (bedenktijd): at most three months, once, never extended."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from schemas.vocabulary import ReflectionEnd
from services.registry.domain.errors import Refused

MONTHS = 3
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def last_day_of(started_on: date) -> date:
    """The last day that a period can run that began on this day: the day before the same day three months on.

    Where that month has no such day, its last day.
    """
    months = started_on.month - 1 + MONTHS
    year, month = started_on.year + months // 12, months % 12 + 1
    length = monthrange(year, month)[1]
    if started_on.day > length:
        return date(year, month, length)
    return date(year, month, started_on.day) - timedelta(days=1)


def over_at(last_day: date) -> datetime:
    """The moment at which this day is over in the Netherlands, in UTC."""
    return datetime.combine(last_day + timedelta(days=1), time(), AMSTERDAM).astimezone(UTC)


def today(now: datetime) -> date:
    """The day that it is in the Netherlands."""
    return now.astimezone(AMSTERDAM).date()


def check_start(started_on: date, now: datetime) -> None:
    """Raises Refused for a period that begins in the future."""
    if started_on > today(now):
        raise Refused("A reflection period is recorded on the day that it begins, or later.")


def check_end(started_on: date, last_day: date, reason: ReflectionEnd, ended_on: date, now: datetime) -> None:
    """Raises Refused for an end outside the period or in the future, or an expiry before the last day."""
    if not started_on <= ended_on <= min(last_day, today(now)):
        raise Refused("A reflection period ends on a day of its own, and not in the future.")
    if reason is ReflectionEnd.EXPIRED and ended_on != last_day:
        raise Refused("A reflection period expires on its last day only; give another reason.")
