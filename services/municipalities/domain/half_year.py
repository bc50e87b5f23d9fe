"""Half-years on the Dutch calendar: 1 January to 30 June, and 1 July to 31 December."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MONTHS = 6
CHECK_AFTER_MONTHS = 3
"""The province looks half-way: on 1 April and on 1 October."""

_WRITTEN = re.compile(r"(20\d\d)-H([12])")


@dataclass(frozen=True, slots=True, order=True)
class HalfYear:
    """A half-year; as text `2026-H2`."""

    year: int
    half: int

    @classmethod
    def parse(cls, text: str) -> "HalfYear":
        """Read `2026-H2`. Raises ValueError."""
        match = _WRITTEN.fullmatch(text)
        if match is None:
            raise ValueError("A half-year is written like 2026-H2.")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, moment: datetime) -> "HalfYear":
        """The half-year that a moment falls in."""
        local = moment.astimezone(AMSTERDAM)
        return cls(local.year, 1 + (local.month > MONTHS))

    def __str__(self) -> str:
        return f"{self.year}-H{self.half}"

    @property
    def next(self) -> "HalfYear":
        """The one after it."""
        return HalfYear(self.year + self.half - 1, 3 - self.half)

    @property
    def previous(self) -> "HalfYear":
        """The one before it."""
        return HalfYear(self.year + self.half - 2, 3 - self.half)

    @property
    def first_day(self) -> date:
        """1 January or 1 July."""
        return date(self.year, 1 + MONTHS * (self.half - 1), 1)

    @property
    def begins_at(self) -> datetime:
        """Its first moment, in UTC."""
        return beginning_of(self.first_day)

    @property
    def check_at(self) -> datetime:
        """When the province checks: the first moment of 1 April or 1 October, in UTC."""
        return beginning_of(self.first_day.replace(month=self.first_day.month + CHECK_AFTER_MONTHS))

    @property
    def population_date(self) -> date:
        """The day whose populations its quota is shared out by: 1 January of the year before."""
        return date(self.year - 1, 1, 1)

    def months_passed(self, moment: datetime) -> int:
        """How many of its months are over at this moment: 0 to 6."""
        local = moment.astimezone(AMSTERDAM)
        months = (local.year - self.first_day.year) * 12 + local.month - self.first_day.month
        return min(max(months, 0), MONTHS)


def half_year_of(moment: datetime) -> str:
    """The half-year that a moment falls in, as text: `2026-H2`."""
    return str(HalfYear.of(moment))


def beginning_of(day: date) -> datetime:
    """The first moment of a day in the Netherlands, in UTC."""
    return datetime.combine(day, time.min, AMSTERDAM).astimezone(UTC)


def weeks_after(moment: datetime, weeks: int) -> datetime:
    """The same time of day so many weeks later, on a Dutch clock, also when that was put forward or back."""
    local = moment.astimezone(AMSTERDAM)
    return (local + timedelta(weeks=weeks)).astimezone(UTC)
