"""Quiet hours delay what may wait, until the Dutch morning; what cannot wait passes, if its reader wants that."""

from datetime import UTC, date, datetime, time

import pytest

from services.calendar.hours import AMSTERDAM
from services.notifications.domain.preferences import Absence, Preferences, QuietHours

NIGHT = QuietHours(time(22), time(7))
NIGHT_AND_WEEKEND = QuietHours(time(22), time(7), weekends=True)
SIESTA = QuietHours(time(13), time(15))


def dutch(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM).astimezone(UTC)


@pytest.mark.parametrize(
    ("quiet", "moment", "over_at", "why"),
    [
        (NIGHT, "2026-03-04 21:59", "2026-03-04 21:59", "not yet"),
        (NIGHT, "2026-03-04 22:00", "2026-03-05 07:00", "in the evening"),
        (NIGHT, "2026-03-05 03:00", "2026-03-05 07:00", "after midnight"),
        (NIGHT, "2026-03-05 07:00", "2026-03-05 07:00", "no longer"),
        (NIGHT, "2026-03-29 01:00", "2026-03-29 07:00", "in the night in which summer time begins"),
        (NIGHT, "2026-10-24 23:00", "2026-10-25 07:00", "in the night in which it ends"),
        (NIGHT, "2026-03-07 12:00", "2026-03-07 12:00", "a Saturday as any other day"),
        (NIGHT_AND_WEEKEND, "2026-03-06 23:00", "2026-03-09 07:00", "from Friday night to Monday morning"),
        (NIGHT_AND_WEEKEND, "2026-03-08 12:00", "2026-03-09 07:00", "on a Sunday"),
        (SIESTA, "2026-03-04 14:00", "2026-03-04 15:00", "within a day"),
        (SIESTA, "2026-03-04 15:00", "2026-03-04 15:00", "after it"),
    ],
)
def test_quiet_hours_end_in_the_morning(quiet: QuietHours, moment: str, over_at: str, why: str) -> None:
    """By the clock in the Netherlands."""
    assert quiet.over_at(dutch(moment)) == dutch(over_at), why


@pytest.mark.parametrize(
    ("kind", "list_kind", "urgent"),
    [
        ("offer-made", "shelter", True),
        ("offer-made", "housing", False),
        ("offer-unanswered", "shelter", True),
        ("deadline-nearing", "housing", True),
        ("offer-for-helpdesk", "housing", True),
        ("subscription-test", None, True),
        ("offer-expired", "shelter", False),
        ("reflection-period-ending", None, False),
    ],
)
def test_what_cannot_wait_passes_unless_it_is_not_to(kind: str, list_kind: str | None, urgent: bool) -> None:  # noqa: FBT001 - a column
    """An offer of a bed is open for a day only, one of a home for a week."""
    night = dutch("2026-03-04 23:00")
    morning = dutch("2026-03-05 07:00")
    assert Preferences(quiet=NIGHT).first_at(kind, list_kind, night) == (night if urgent else morning)
    assert Preferences(quiet=NIGHT, urgent_passes=False).first_at(kind, list_kind, night) == morning
    assert Preferences(quiet=None).first_at(kind, list_kind, night) == night


def test_an_absence_lasts_to_the_end_of_its_last_day() -> None:
    """In the Netherlands."""
    absence = Absence(date(2026, 7, 20), date(2026, 7, 21), "colleague")
    covered = [absence.covers(dutch(f"2026-07-{text}")) for text in ("19 23:59", "20 00:00", "21 23:59", "22 00:00")]
    assert covered == [False, True, True, False]
