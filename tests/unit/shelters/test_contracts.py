"""Capacity contracts as tables: what is contracted on a day, and what still fits."""

from datetime import date

import pytest

from services.shelters.domain.contracts import (
    Contract,
    capacity_on,
    check_capacity,
    check_end,
    highest_capacity_from,
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
in service | unit | contracted | answer
         0 |    1 |          0 | refused
         0 |    1 |          1 | fits
        48 |    2 |         50 | fits
        49 |    2 |         50 | refused
        50 |    1 |         50 | refused
        70 |    1 |         58 | refused
"""

FROM_A_DAY = """
day        | most | why
2010-01-01 |   70 | units may be made ready for July 2012
2012-07-01 |   70 | it is as high as it will be
2018-01-01 |   58 | the increase is over
2018-12-31 |   58 | still today
2019-01-01 |   40 | it does not rise again
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


@pytest.mark.parametrize(("in_service", "unit", "contracted", "answer"), rows(FITS), ids=str)
def test_a_unit_comes_into_service_only_where_there_is_room(
    in_service: str, unit: str, contracted: str, answer: str
) -> None:
    """A unit counts with all its places."""
    if answer == "fits":
        check_capacity(int(in_service), int(unit), int(contracted))
        return
    with pytest.raises(Refused, match="exceed the places contracted"):
        check_capacity(int(in_service), int(unit), int(contracted))


@pytest.mark.parametrize(("day", "most", "_why"), rows(FROM_A_DAY), ids=str)
def test_the_most_that_will_be_contracted_bounds_what_may_be_added(day: str, most: str, _why: str) -> None:
    """Units can be prepared before a contract begins."""
    assert highest_capacity_from(HISTORY, date.fromisoformat(day)) == int(most)


@pytest.mark.parametrize(("starts", "ends", "new", "answer"), rows(ENDS), ids=str)
def test_a_contract_may_only_end_earlier(starts: str, ends: str, new: str, answer: str) -> None:
    """What was contracted longer is a contract of its own."""
    contract = Contract(10, date.fromisoformat(starts), date.fromisoformat(ends) if ends else None)
    if answer == "ends":
        check_end(contract, date.fromisoformat(new))
        return
    with pytest.raises(Refused, match=answer.removeprefix("refused: ")):
        check_end(contract, date.fromisoformat(new))
