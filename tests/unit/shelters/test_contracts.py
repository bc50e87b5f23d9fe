"""Capacity contracts as tables: what is contracted on a day, and what still fits."""

from datetime import date

import pytest

from services.shelters.domain.contracts import (
    Contract,
    Room,
    capacity_on,
    check_end,
)
from services.shelters.domain.errors import Refused

# The history of the national places for presumed victims: 50 from 2010, 70 from 1 July 2012, 50 and 8 temporary ones in
# 2018, 40 in 2019.
HISTORY = [
    Contract(50, date(2010, 1, 1), date(2018, 12, 31)),
    Contract(20, date(2012, 7, 1), date(2017, 12, 31)),
    Contract(8, date(2018, 1, 1), date(2018, 12, 31)),
    Contract(40, date(2019, 1, 1)),
]

ON_A_DAY = """
day        | places | why
2009-12-31 |      0 | nothing is contracted yet
2010-01-01 |     50 | the first day counts
2012-06-30 |     50 | the day before the increase
2012-07-01 |     70 | 50 and 20 more
2017-12-31 |     70 | the last day of the 20 counts
2018-01-01 |     58 | 50, and 8 temporary ones
2018-12-31 |     58 | the last day of both
2019-01-01 |     40 | a new contract
2040-01-01 |     40 | until further notice
"""

FITS = """
today      | in service                     | unit | on         | answer  | why
2009-12-31 |                                |    1 | 2009-12-31 | refused | nothing is contracted yet
2011-01-01 | 48 now                         |    2 | 2011-01-01 | fits    | the last of the 50
2011-01-01 | 49 now                         |    2 | 2011-01-01 | refused | a unit counts with all its places
2012-06-01 | 50 now                         |    1 | 2012-06-30 | refused | the increase begins on 1 July
2012-06-01 | 50 now                         |    1 | 2012-07-01 | fits    | posted ahead for the day of the increase
2012-06-01 | 50 now, 20 from 2012-07-01     |    1 | 2012-07-01 | refused | the 20 are posted ahead already
2012-06-01 | 48 now, 20 from 2012-07-01     |    2 | 2012-06-01 | fits    | what is for July takes no room in June
2012-06-01 | 48 now, 22 from 2012-07-01     |    2 | 2012-06-01 | refused | too many once those come in July
2017-12-01 | 50 now                         |    8 | 2017-12-01 | fits    | temporary places go as they come free
2017-12-01 | 50 now                         |   20 | 2018-01-01 | refused | none come into service after it
2018-06-01 | 70 now                         |    1 | 2018-06-01 | refused | a contract has ended, and there are too many
2018-06-01 | 30 now, 8 from 2019-01-01      |    2 | 2018-06-01 | fits    | on both days
2018-06-01 | 30 now, 8 from 2019-01-01      |    3 | 2018-06-01 | refused | it would be too many in 2019
"""

SOME_DAY = """
today      | in service                 | unit | answer  | why
2010-01-01 | 50 now                     |   20 | fits    | units may be made ready for July 2012
2010-01-01 | 50 now                     |   21 | refused | it is never as much as 71
2010-01-01 | 50 now, 20 from 2012-07-01 |    1 | refused | all of July 2012 is posted ahead
2018-01-01 | 50 now                     |    8 | fits    | the temporary places
2018-01-01 | 50 now                     |    9 | refused | the increase is over
2019-01-01 | 40 now                     |    1 | refused | it does not rise again
"""

ENDS = """
starts     | ends       | to end on  | answer
2019-01-01 |            | 2026-12-31 | ends
2019-01-01 |            | 2019-01-01 | ends
2019-01-01 |            | 2018-12-31 | refused: before it starts
2019-01-01 | 2026-06-30 | 2026-05-31 | ends
2019-01-01 | 2026-06-30 | 2026-06-30 | refused: ends by then already
2019-01-01 | 2026-06-30 | 2026-12-31 | refused: set a new one
"""


def rows(table: str) -> list[tuple[str, ...]]:
    """The cells of a table's lines, without its heading."""
    return [tuple(cell.strip() for cell in line.split("|")) for line in table.strip().splitlines()[1:]]


@pytest.mark.parametrize(("day", "places", "_why"), rows(ON_A_DAY), ids=str)
def test_capacity_is_the_sum_of_the_contracts_of_the_day(day: str, places: str, _why: str) -> None:
    """More places, temporary places and fewer places are data, and no rule knows their numbers."""
    assert capacity_on(HISTORY, date.fromisoformat(day)) == int(places)


def room(today: str, in_service: str) -> Room:
    """The history's contracts, and what is in service: "50 now, 20 from 2012-07-01"."""
    used = [entry.replace("now", f"from {today}").split(" from ") for entry in in_service.split(", ") if entry]
    return Room(HISTORY, {date.fromisoformat(day): int(places) for places, day in used})


@pytest.mark.parametrize(("today", "in_service", "unit", "day", "answer", "_why"), rows(FITS), ids=str)
def test_a_unit_comes_into_service_only_where_there_is_room(
    today: str, in_service: str, unit: str, day: str, answer: str, _why: str
) -> None:
    """Each day's contracts are compared with what is in service on that day."""
    assert room(today, in_service).fits(int(unit), date.fromisoformat(day)) == (answer == "fits")


@pytest.mark.parametrize(("today", "in_service", "unit", "answer", "_why"), rows(SOME_DAY), ids=str)
def test_units_may_be_added_for_which_there_will_be_room(
    today: str, in_service: str, unit: str, answer: str, _why: str
) -> None:
    """They can be prepared before a contract begins."""
    assert room(today, in_service).fits_some_day(int(unit), date.fromisoformat(today)) == (answer == "fits")


@pytest.mark.parametrize(("starts", "ends", "new", "answer"), rows(ENDS), ids=str)
def test_a_contract_may_only_end_earlier(starts: str, ends: str, new: str, answer: str) -> None:
    """What was contracted longer is a contract of its own."""
    contract = Contract(10, date.fromisoformat(starts), date.fromisoformat(ends) if ends else None)
    if answer == "ends":
        check_end(contract, date.fromisoformat(new))
        return
    with pytest.raises(Refused, match=answer.removeprefix("refused: ")):
        check_end(contract, date.fromisoformat(new))
