"""Which days are public holidays in the Netherlands."""

from datetime import date
from functools import cache, lru_cache

import holidays


@lru_cache(maxsize=4096)
def is_dutch_holiday(day: date) -> bool:
    """Whether this day is a public holiday, by the `holidays` library."""
    return day in _dutch()


@cache
def _dutch() -> holidays.HolidayBase:
    return holidays.country_holidays("NL")
