"""Dutch days, ISO weeks and the three months of a stay, as tables."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest

from services.shelters.domain.calendar import (
    day_of,
    limits_to_come,
    long_stay_limit,
    midnight,
    three_months_end,
    week_named,
    week_of,
)

WEEKS = """
moment (UTC)         | week     | first day  | last day   | why
2026-11-25T12:00:00Z | 2026-W48 | 2026-11-23 | 2026-11-29 | an ordinary Wednesday
2026-11-22T22:59:59Z | 2026-W47 | 2026-11-16 | 2026-11-22 | Sunday, one second to midnight
2026-11-22T23:00:00Z | 2026-W48 | 2026-11-23 | 2026-11-29 | Monday has begun in the Netherlands, not yet in UTC
2026-07-05T21:59:59Z | 2026-W27 | 2026-06-29 | 2026-07-05 | in summer the Netherlands are two hours ahead
2026-07-05T22:00:00Z | 2026-W28 | 2026-07-06 | 2026-07-12 | and Monday begins at 22:00
2026-12-31T12:00:00Z | 2026-W53 | 2026-12-28 | 2027-01-03 | a year with 53 weeks
2027-01-03T12:00:00Z | 2026-W53 | 2026-12-28 | 2027-01-03 | January can belong to last year's last week
2029-12-31T12:00:00Z | 2030-W01 | 2029-12-31 | 2030-01-06 | and December to next year's first
"""

BOUNDS = """
week     | begins (UTC)         | ends (UTC)           | hours | why
2026-W48 | 2026-11-22T23:00:00Z | 2026-11-29T23:00:00Z |   168 | an ordinary week
2026-W13 | 2026-03-22T23:00:00Z | 2026-03-29T22:00:00Z |   167 | summer time begins
2026-W43 | 2026-10-18T22:00:00Z | 2026-10-25T23:00:00Z |   169 | summer time ends
"""

LONG_STAYS = """
now (UTC)            | arrived before       | why
2026-11-25T12:00:00Z | 2026-08-24T22:00:00Z | since 25 August, at midnight Dutch time
2026-05-31T12:00:00Z | 2026-02-28T23:00:00Z | no 31 February: since its last day they ended on the 28th
2026-05-28T12:00:00Z | 2026-02-27T23:00:00Z | and on the 28th itself they have not ended yet
2028-05-31T12:00:00Z | 2028-02-29T23:00:00Z | a leap year
2026-02-28T12:00:00Z | 2025-11-27T23:00:00Z | over the turn of the year
2026-11-24T23:30:00Z | 2026-08-24T22:00:00Z | it is 25 November in the Netherlands already
"""


@pytest.fixture(scope="module")
def days() -> Sequence[date]:
    """From autumn to summer, over the end of February in a common and in a leap year."""
    starts = (date(2026, 10, 1), date(2027, 10, 1))
    return [start + timedelta(days=number) for start in starts for number in range(300)]


def rows(table: str) -> list[tuple[str, ...]]:
    """The cells of a table's lines, without its heading."""
    return [tuple(cell.strip() for cell in line.split("|")) for line in table.strip().splitlines()[1:]]


@pytest.mark.parametrize(("moment", "name", "first", "last", "_why"), rows(WEEKS), ids=str)
def test_a_moment_lies_in_a_dutch_week(moment: str, name: str, first: str, last: str, _why: str) -> None:
    """Monday to Sunday, in Dutch time."""
    week = week_of(datetime.fromisoformat(moment))
    assert (week.name, str(week.first_day), str(week.last_day)) == (name, first, last)
    assert week_named(name) == week


@pytest.mark.parametrize(("name", "begins", "ends", "hours", "_why"), rows(BOUNDS), ids=str)
def test_a_week_is_as_long_as_the_clock_says(name: str, begins: str, ends: str, hours: str, _why: str) -> None:
    """Summer time takes an hour, and gives it back."""
    week = week_named(name)
    assert (week.begins_at, week.ends_at) == (datetime.fromisoformat(begins), datetime.fromisoformat(ends))
    assert (week.ends_at - week.begins_at).total_seconds() == int(hours) * 3600


@pytest.mark.parametrize("name", ["2025-W53", "2026-W54", "2026-W00", "0000-W01"], ids=str)
def test_a_week_that_the_year_does_not_have_is_no_week(name: str) -> None:
    """Only some years have 53."""
    with pytest.raises(ValueError, match=r"(?i)week|year"):
        week_named(name)


@pytest.mark.parametrize(("now", "limit", "_why"), rows(LONG_STAYS), ids=str)
def test_a_stay_is_long_after_three_calendar_months(now: str, limit: str, _why: str) -> None:
    """Who arrived on the day three months ago has not stayed longer than three months yet."""
    assert long_stay_limit(day_of(datetime.fromisoformat(now))) == datetime.fromisoformat(limit)


ENDS = """
arrived on | three months end on | why
2026-08-25 | 2026-11-25          | on the same date
2026-11-30 | 2027-02-28          | there is no 30 February
2027-11-30 | 2028-02-29          | a leap year
2026-02-28 | 2026-05-28          | and not on the last day of May
"""


@pytest.mark.parametrize(("arrived", "ends", "_why"), rows(ENDS), ids=str)
def test_three_months_end_on_the_same_date(arrived: str, ends: str, _why: str) -> None:
    """Or on the last day of a month that has no such date."""
    assert str(three_months_end(date.fromisoformat(arrived))) == ends


def test_a_stay_is_long_on_the_day_after_its_three_months(days: Sequence[date]) -> None:
    """Whichever way it is reckoned, in common and in leap years; and so for every day that is still to come."""
    arrivals = [(midnight(arrived), three_months_end(arrived)) for arrived in days]
    for today in days:
        limit = long_stay_limit(today)
        assert all((arrived_at < limit) == (ends < today) for arrived_at, ends in arrivals), today


def test_the_limits_to_come_are_those_on_which_it_depends(days: Sequence[date]) -> None:
    """One for each day from tomorrow on; after the last, who arrived today is beyond the months too."""
    for today in days:
        limits = limits_to_come(today)
        assert list(limits) == [today + timedelta(days=number + 1) for number in range(len(limits))]
        assert max(limits) == three_months_end(today)
        assert long_stay_limit(max(limits) + timedelta(days=1)) > midnight(today)
