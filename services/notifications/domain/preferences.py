"""What a person prefers: in which language, when to be left alone, and who stands in for them while they are away."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from services.calendar.hours import AMSTERDAM, FRIDAY
from services.notifications.domain.ladders import Reminder

_ALWAYS_URGENT = frozenset({"deadline-nearing", Reminder.FOR_HELPDESK.value, "subscription-test"})
_OF_OFFERS = frozenset({"offer-made", Reminder.UNANSWERED.value, Reminder.FOR_SUBSTITUTE.value})
_DAYS_LOOKED_AT = 8
"""Nights and weekends follow on each other: after so many days at most there is a moment that is not quiet."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From when until when in the Netherlands, every day; with `weekends` all of Saturday and Sunday too."""

    begins: time
    ends: time
    weekends: bool = False

    def over_at(self, moment: datetime) -> datetime:
        """This moment, or when the quiet that it falls into is over, in UTC."""
        for _ in range(2 * _DAYS_LOOKED_AT):
            end = next((end for begin, end in self._around(moment) if begin <= moment < end), None)
            if end is None:
                return moment
            moment = end
        raise AssertionError("begins and ends differ, so that some moment of each working day is not quiet")

    def _around(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        today = moment.astimezone(AMSTERDAM).date()
        for day in (today - timedelta(days=1), today):
            ends_on = day if self.begins < self.ends else day + timedelta(days=1)
            yield _at(day, self.begins), _at(ends_on, self.ends)
        if self.weekends and today.weekday() > FRIDAY:
            yield _at(today, time()), _at(today + timedelta(days=1), time())


@dataclass(frozen=True, slots=True)
class Absence:
    """From the first to the last day, both included, somebody of the same organisation stands in."""

    first_day: date
    last_day: date
    substitute: str

    def covers(self, moment: datetime) -> bool:
        """Whether the person is away at this moment, in the Netherlands."""
        return self.first_day <= moment.astimezone(AMSTERDAM).date() <= self.last_day


@dataclass(frozen=True, slots=True)
class Preferences:
    """One person's. `urgent_passes`: what cannot wait is brought in quiet hours, too."""

    language: str = "nl"
    quiet: QuietHours | None = QuietHours(time(22), time(7))
    urgent_passes: bool = True
    absence: Absence | None = None

    def first_at(self, kind: str, list_kind: str | None, now: datetime) -> datetime:
        """When something that is news now is to be brought, by whatever may wake somebody."""
        if self.quiet is None or (self.urgent_passes and is_urgent(kind, list_kind)):
            return now
        return self.quiet.over_at(now)


DEFAULT = Preferences()


def is_urgent(kind: str, list_kind: str | None) -> bool:
    """Whether it cannot wait for the morning: an offer of a bed, open for a day, or a near deadline."""
    return kind in _ALWAYS_URGENT or (kind in _OF_OFFERS and list_kind == "shelter")


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, AMSTERDAM).astimezone(UTC)
