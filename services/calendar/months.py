"""Months as people in the Netherlands count them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from services.calendar.hours import AMSTERDAM


@dataclass(frozen=True, slots=True)
class Month:
    """A month, from its first moment to the first of the next."""

    year: int
    number: int

    @property
    def name(self) -> str:
        """As in ISO 8601, such as 2026-11."""
        return f"{self.year}-{self.number:02}"

    @property
    def begins_at(self) -> datetime:
        """In UTC."""
        return datetime(self.year, self.number, 1, tzinfo=AMSTERDAM).astimezone(UTC)

    @property
    def ends_at(self) -> datetime:
        """In UTC; the first moment that is not in it."""
        return self.before(-1).begins_at

    def before(self, months: int) -> "Month":
        """So many months earlier."""
        year, number = divmod(self.year * 12 + self.number - 1 - months, 12)
        return Month(year, number + 1)


def month_of(moment: datetime) -> Month:
    """In which month this is in the Netherlands."""
    there = moment.astimezone(AMSTERDAM)
    return Month(there.year, there.month)


def last_months(now: datetime, count: int) -> tuple[Month, ...]:
    """The month that runs and those before it, the earliest first."""
    running = month_of(now)
    return tuple(running.before(back) for back in reversed(range(count)))
