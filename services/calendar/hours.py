"""Until when must somebody answer? In plain hours, or in the hours in which Dutch offices work."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
OPENS, CLOSES = time(9), time(17)
HOURS_OF_A_WORKING_DAY = CLOSES.hour - OPENS.hour
FRIDAY = 4
LONGEST_HOURS = 24 * 366
"""No answer takes more than a year."""

IsHoliday = Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class AnswerTime:
    """So many hours to answer. `working`: only those from 9 to 17 on Monday to Friday count, and no public holiday."""

    hours: int
    working: bool = False

    def after(self, moment: datetime, is_holiday: IsHoliday) -> datetime:
        """The moment at which this time is over, in UTC."""
        if not self.working:
            return moment + timedelta(hours=self.hours)
        return _working_hours_after(moment, timedelta(hours=self.hours), is_holiday)

    def before(self, moment: datetime, hours: int, is_holiday: IsHoliday) -> datetime:
        """So many hours before a moment, of those that count here, in UTC: when somebody can still do something."""
        if not self.working:
            return moment - timedelta(hours=hours)
        return _working_hours_before(moment, timedelta(hours=hours), is_holiday)


def _working_hours_after(moment: datetime, left: timedelta, is_holiday: IsHoliday) -> datetime:
    """Counted in real time within each day, so that a change of the clock at night is of no account."""
    day = moment.astimezone(AMSTERDAM).date()
    while True:
        opens, closes = _working_day(day)
        if _is_working(day, is_holiday) and moment < closes:
            begins = max(moment, opens)
            if begins + left <= closes:
                return begins + left
            left -= closes - begins
        day += timedelta(days=1)


def _working_hours_before(moment: datetime, left: timedelta, is_holiday: IsHoliday) -> datetime:
    day = moment.astimezone(AMSTERDAM).date()
    while True:
        opens, closes = _working_day(day)
        if _is_working(day, is_holiday) and moment > opens:
            ends = min(moment, closes)
            if ends - left >= opens:
                return ends - left
            left -= ends - opens
        day -= timedelta(days=1)


def _is_working(day: date, is_holiday: IsHoliday) -> bool:
    return day.weekday() <= FRIDAY and not is_holiday(day)


def _working_day(day: date) -> tuple[datetime, datetime]:
    opens, closes = (datetime.combine(day, edge, AMSTERDAM).astimezone(UTC) for edge in (OPENS, CLOSES))
    return opens, closes
