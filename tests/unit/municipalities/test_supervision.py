"""The province's ladder of supervision."""

from datetime import UTC, date, datetime

import pytest

from services.municipalities.domain.errors import Refused
from services.municipalities.domain.half_year import beginning_of
from services.municipalities.domain.supervision import checks_until, ensure_ladder, step_of
from tests.support.tables import Row, number, table

LADDERS = """
checks behind | without a table | patient: 2 2 3 4 6 8
0             | 0               | 0
1             | 1               | 0
2             | 2               | 2
3             | 3               | 3
5             | 5               | 4
6             | 6               | 5
8             | 6               | 6
99            | 6               | 6
"""


@pytest.mark.parametrize("row", table(LADDERS), ids=lambda row: f"{row['checks behind']} behind")
def test_the_step_follows_from_the_checks_behind_in_a_row(row: Row) -> None:
    """Each province by its own table."""
    behind = number(row["checks behind"])
    assert step_of(behind) == number(row["without a table"])
    assert step_of(behind, (2, 2, 3, 4, 6, 8)) == number(row["patient: 2 2 3 4 6 8"])


def test_a_ladder_only_goes_up() -> None:
    """A later step never comes before an earlier one."""
    ensure_ladder([1, 1, 2, 3, 5, 8])
    with pytest.raises(Refused, match="earlier check"):
        ensure_ladder([1, 2, 1, 3, 4, 5])


def test_checks_are_on_the_first_of_april_and_of_october() -> None:
    """In the Netherlands: a moment before is not yet that day."""
    april = beginning_of(date(2023, 4, 1))
    assert april == datetime(2023, 3, 31, 22, tzinfo=UTC)
    assert [str(check) for check in checks_until(april, 3)] == ["2023-H1", "2022-H2", "2022-H1"]
    earlier = april.replace(hour=21, minute=59)
    assert [str(check) for check in checks_until(earlier, 2)] == ["2022-H2", "2022-H1"]
