"""Days, weeks and months as people in the Netherlands count them."""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
EARLIEST, LATEST = date(1900, 1, 1), date(2999, 12, 31)
NOMINAL_STAY_MONTHS = 3
"""A stay is meant to last three months, as the reflection period (Vreemdelingencirculaire 2000, B8/3)."""

_MONTHS_OF_YEAR = 12


@dataclass(frozen=True, slots=True)
class Week:
    """A week of ISO 8601: Monday to Sunday, in Dutch time."""

    name: str
    first_day: date

    @property
    def last_day(self) -> date:
        """Its Sunday."""
        return self.first_day + timedelta(days=6)

    @property
    def begins_at(self) -> datetime:
        """Midnight before its Monday, in UTC."""
        return midnight(self.first_day)

    @property
    def ends_at(self) -> datetime:
        """Midnight after its Sunday, in UTC: the first moment of the next week."""
        return midnight(self.first_day + timedelta(days=7))


def week_named(name: str) -> Week:
    """The week of a name such as 2026-W48. Raises ValueError when there is no such week, or none in living memory."""
    year, _, number = name.partition("-W")
    week = Week(name, date.fromisocalendar(int(year), int(number), 1))
    if not EARLIEST <= week.first_day <= LATEST:
        raise ValueError("a week of the years 1900 to 2999 is meant")
    return week


def week_of(moment: datetime) -> Week:
    """The week that this moment lies in."""
    year, number, _ = day_of(moment).isocalendar()
    return week_named(f"{year}-W{number:02}")


def day_of(moment: datetime) -> date:
    """The day that it is in the Netherlands at this moment."""
    return moment.astimezone(AMSTERDAM).date()


def midnight(day: date) -> datetime:
    """The moment at which this day begins in the Netherlands, in UTC."""
    return datetime.combine(day, time(), AMSTERDAM).astimezone(UTC)


def long_stay_limit(now: datetime) -> datetime:
    """Who arrived before this moment has stayed beyond the nominal months: since the same date, or a month's last."""
    today = day_of(now)
    year, month = divmod(today.year * _MONTHS_OF_YEAR + today.month - 1 - NOMINAL_STAY_MONTHS, _MONTHS_OF_YEAR)
    last = calendar.monthrange(year, month + 1)[1]
    return midnight(date(year, month + 1, min(today.day, last)))
