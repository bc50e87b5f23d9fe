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


def _working_hours_after(moment: datetime, left: timedelta, is_holiday: IsHoliday) -> datetime:
    """Counted in real time within each day, so that a change of the clock at night is of no account."""
    day = moment.astimezone(AMSTERDAM).date()
    while True:
        opens, closes = (datetime.combine(day, edge, AMSTERDAM).astimezone(UTC) for edge in (OPENS, CLOSES))
        if day.weekday() <= FRIDAY and not is_holiday(day) and moment < closes:
            begins = max(moment, opens)
            if begins + left <= closes:
                return begins + left
            left -= closes - begins
        day += timedelta(days=1)
