"""Which days are public holidays in the Netherlands."""

from datetime import date
from functools import cache, lru_cache

import holidays


@lru_cache(maxsize=4096)
def is_dutch_holiday(day: date) -> bool:
    """Whether this is a generally recognised holiday: Algemene termijnenwet, article 3, paragraphs 1 and 2.

    New Year's Day, Good Friday, Easter Monday, King's Day, the fifth of May, Ascension Day, Whit Monday and both days
    of Christmas; and Easter Day and Whit Sunday, which are Sundays anyway. Not the single days that decrees put on a
    par with them (paragraph 3).
    """
    return day in _dutch()


@cache
def _dutch() -> holidays.HolidayBase:
    # The fifth of May is a day off in many collective agreements every fifth year only, so the library has it as
    # optional in the others; the law has it every year, and nothing else is optional.
    return holidays.country_holidays("NL", categories=(holidays.PUBLIC, holidays.OPTIONAL))
