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


def three_months_end(arrived_on: date) -> date:
    """The last day of the nominal months: on the same date, or the last of a month that has no such date."""
    year, month, length = _month(arrived_on, NOMINAL_STAY_MONTHS)
    return date(year, month, min(arrived_on.day, length))


def long_stay_limit(today: date) -> datetime:
    """Who arrived before this moment is there beyond the nominal months today, for these ended before."""
    year, month, length = _month(today, -NOMINAL_STAY_MONTHS)
    # From each day of a month that has no such date they have ended: the limit is the first of the next.
    return midnight(date(year, month, 1) + timedelta(days=min(today.day - 1, length)))


def limits_to_come(today: date) -> dict[date, datetime]:
    """The limits of tomorrow and later, until the last day on which who is there today may be within the months."""
    days = (three_months_end(today) - today).days
    return {day: long_stay_limit(day) for day in (today + timedelta(days=number + 1) for number in range(days))}


def _month(day: date, months: int) -> tuple[int, int, int]:
    """The year and the month so many months later, and how many days it has."""
    year, month = divmod(day.year * _MONTHS_OF_YEAR + day.month - 1 + months, _MONTHS_OF_YEAR)
    return year, month + 1, calendar.monthrange(year, month + 1)[1]
