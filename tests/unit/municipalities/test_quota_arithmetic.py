"""The arithmetic of the housing quota, as tables of examples. All numbers are people.

Huisvestingswet 2014, article 29: a municipality's quota is the national number in proportion to its inhabitants on
1 January of the year before, rounded up. What was not housed (arrears) or housed too many (credit) goes to the next
half-year.
"""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.municipalities.domain.errors import Refused
from services.municipalities.domain.half_year import HalfYear, beginning_of
from services.municipalities.domain.mergers import Merger, check_merger, populations_for, uncounted
from services.municipalities.domain.quotas import (
    Position,
    QuotaKind,
    QuotaRules,
    check_swap,
    quota_share,
    shares,
)
from tests.support.tables import Row, number, table

QUOTAS = """
national number | inhabitants | of the country | quota | why
21 200          | 234 950     | 17 590 672     | 284   | Groningen, 2023-H1: 283.2 is rounded up
21 200          | 361 699     | 17 590 672     | 436   | Utrecht, 2023-H1: 435.9
21 200          | 931         | 17 590 672     | 2     | the smallest of 2022: 1.1 is rounded up
1               | 1           | 17 590 672     | 1     | whoever lives anywhere rounds up to one
0               | 234 950     | 17 590 672     | 0     | nothing to share out
100             | 25          | 100            | 25    | an exact part is not rounded
1 000 000       | 17 590 672  | 17 590 672     | 1 000 000 | one municipality is the whole country
9 007 199 254 740 993 | 7     | 7              | 9 007 199 254 740 993 | more than a float can tell apart
"""

TASKS = """
quota | arrears | credit | swapped | housed | task | remaining | why
20    | 17      | 0      | 0       | 0      | 37   | 37        | Tholen, 2017-H1: 20 new and 17 arrears
20    | 17      | 0      | 0       | 13     | 37   | 24        | Tholen, after 13 were housed
20    | 0       | 5      | 0       | 0      | 15   | 15        | five too many in the half-year before
20    | 0       | 25     | 0       | 0      | -5   | -5        | so many too many that nothing is asked
20    | 0       | 0      | -8      | 4      | 12   | 8         | eight were taken over by another municipality
20    | 3       | 0      | 8       | 40     | 31   | -9        | nine too many: a credit for the next half-year
"""

YARDSTICKS = """
task | months over | expected | housed | behind | why
37   | 0           | 0        | 0      | no     | the half-year has just begun
37   | 1           | 7        | 6      | yes    | 37/6 = 6.2, and 6 is less
37   | 3           | 19       | 18     | yes    | 1 April: half of 37 is 18.5
37   | 3           | 19       | 19     | no     | 1 April: on schedule
36   | 3           | 18       | 18     | no     | exactly half
37   | 6           | 37       | 36     | yes    | the half-year is over
-5   | 6           | 0        | 0      | no     | nothing is asked
"""

HALF_YEARS = """
day in the Netherlands | half-year | months over | by population of
2023-01-01             | 2023-H1   | 0           | 2022-01-01
2023-03-31             | 2023-H1   | 2           | 2022-01-01
2023-04-01             | 2023-H1   | 3           | 2022-01-01
2023-06-30             | 2023-H1   | 5           | 2022-01-01
2023-07-01             | 2023-H2   | 0           | 2022-01-01
2023-10-01             | 2023-H2   | 3           | 2022-01-01
2023-12-31             | 2023-H2   | 5           | 2022-01-01
2024-01-01             | 2024-H1   | 0           | 2023-01-01
"""

COUNTING = """
moved in on | counts | why
2011-12-31  | no     | a housed victim with a permit counts since 2012
2012-01-01  | yes    | the first day
2026-12-31  | yes    | the last day before a law that ends it
2027-01-01  | no     | that law
"""


def rows(text: str) -> pytest.MarkDecorator:
    """One test for each row, named by its last column."""
    found = table(text)
    return pytest.mark.parametrize("row", found, ids=[list(row.values())[-1] for row in found])


@rows(QUOTAS)
def test_a_quota_is_the_part_by_population_rounded_up(row: Row) -> None:
    """Integers from beginning to end."""
    given = (number(row[name]) for name in ("national number", "inhabitants", "of the country"))
    assert quota_share(*given) == number(row["quota"])


@rows(TASKS)
def test_the_task_is_quota_and_arrears_less_credit(row: Row) -> None:
    """With what was swapped; and what remains is the task less who was housed."""
    names = ("quota", "arrears", "credit", "swapped", "housed")
    position = Position(**{name: number(row[name]) for name in names})
    assert (position.task, position.remaining) == (number(row["task"]), number(row["remaining"]))


@rows(YARDSTICKS)
def test_the_yardstick_after_m_months_is_m_sixths_of_the_task(row: Row) -> None:
    """Behind is who housed fewer than that."""
    position = Position(quota=number(row["task"]), housed=number(row["housed"]))
    months = number(row["months over"])
    assert position.expected(months) == number(row["expected"])
    assert position.is_behind(months) == (row["behind"] == "yes")


@pytest.mark.parametrize("row", table(HALF_YEARS), ids=lambda row: row["day in the Netherlands"])
def test_half_years_follow_the_dutch_calendar(row: Row) -> None:
    """From the first moment of the day in Amsterdam to the last, whatever day it is in UTC."""
    first = beginning_of(date.fromisoformat(row["day in the Netherlands"]))
    for moment in (first, first + timedelta(hours=22, minutes=59)):
        half_year = HalfYear.of(moment)
        assert str(half_year) == row["half-year"]
        assert half_year.months_passed(moment) == number(row["months over"])
        assert half_year.population_date == date.fromisoformat(row["by population of"])


@rows(COUNTING)
def test_whether_a_household_counts_depends_on_the_day(row: Row) -> None:
    """The rule is dated, and configuration."""
    rules = QuotaRules(counts_from=((date(2027, 1, 1), False), (date(2012, 1, 1), True)))
    moment = beginning_of(date.fromisoformat(row["moved in on"]))
    assert rules.counts(moment) == (row["counts"] == "yes")


def test_without_a_quota_nobody_counts_and_none_can_be_set() -> None:
    """A law that abolishes it is a setting."""
    rules = QuotaRules(QuotaKind.NONE)
    assert not rules.counts(datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(Refused, match="no quota"):
        rules.ensure_quota()


@pytest.mark.parametrize("national", [0, 1, 21_200, 999_999])
def test_the_sum_exceeds_the_national_number_by_less_than_the_count(national: int) -> None:
    """Rounding up costs each municipality less than one."""
    populations = {f"GM{number:04}": 931 + number * number * 7 for number in range(345)}
    total = sum(shares(national, populations, sum(populations.values())).values())
    assert national <= total < national + len(populations)


def test_a_country_is_not_smaller_than_its_municipalities() -> None:
    """A wrong number of inhabitants would ask too much of everyone."""
    with pytest.raises(Refused, match="fewer inhabitants"):
        shares(100, {"GM0001": 60, "GM0002": 50}, 109)


H1 = HalfYear(2023, 1)
COUNTED = {"GM0001": 100, "GM0002": 50, "GM0003": 30}
MERGED = Merger(("GM0002", "GM0003"), "GM0009", date(2023, 1, 1))


def test_who_has_merged_by_the_first_day_is_one() -> None:
    """The parts together, until CBS counts the new municipality by itself."""
    assert populations_for(H1, COUNTED, [MERGED]) == {"GM0001": 100, "GM0009": 80}
    assert populations_for(H1.previous, COUNTED, [MERGED]) == COUNTED


def test_the_province_may_set_the_population_of_a_new_municipality() -> None:
    """It holds for the half-years whose population date lies before the merger, and no longer."""
    given = Merger(MERGED.parts, MERGED.into, MERGED.effective_on, inhabitants=95)
    assert populations_for(H1, COUNTED, [given])["GM0009"] == 95
    assert populations_for(H1.next, COUNTED, [given])["GM0009"] == 95
    assert populations_for(HalfYear(2024, 1), {"GM0001": 100, "GM0009": 82}, [given])["GM0009"] == 82


def test_a_municipality_may_grow_by_a_merger_and_keep_its_code() -> None:
    """And a merger may follow on a merger."""
    grown = Merger(("GM0003",), "GM0002", date(2022, 3, 24))
    again = Merger(("GM0002",), "GM0001", date(2023, 1, 1))
    assert populations_for(H1, COUNTED, [again, grown]) == {"GM0001": 180}


UNCOUNTED = """
merged | on | given | counted | before | after | missing | why
- | - | - | GM1 GM2 GM3 | GM1 GM2 GM3 | - | - | everyone is there
- | - | - | GM1 | GM1 GM2 GM3 | - | GM2 GM3 | two were there a before
- | - | - | GM1 | GM1 | GM1 GM2 | GM2 | one is there a year later
- | - | - | GM1 | - | - | - | older days tell nothing
- | - | - | GM1 GM2 GM3 | GM1 GM2 GM3 | GM1 GM9 | GM9 | a new one, of whom nobody knows
yes | 2022-07-01 | - | GM1 GM2 GM3 | GM1 GM2 GM3 | GM1 GM9 | - | that came of a merger afterwards
yes | 2022-07-01 | - | GM1 GM2 | GM1 GM2 | GM1 GM9 | GM3 | and needs all of its parts
yes | 2022-07-01 | yes | GM1 GM2 | GM1 GM2 | GM1 GM9 | - | unless the province set its population
yes | 2022-07-01 | - | GM1 GM2 GM3 | GM1 GM9 | - | GM9 | one that was there before needs its own
yes | 2022-01-01 | - | GM1 GM9 | GM1 GM2 GM3 | - | - | by then the parts are gone
yes | 2022-01-01 | yes | GM1 | GM1 GM2 GM3 | - | GM9 | and what they became is counted
yes | 2023-01-02 | - | GM1 GM9 | GM1 GM2 GM3 | - | GM2 GM3 | they merge too late for this half-year
"""


@pytest.mark.parametrize("row", table(UNCOUNTED), ids=lambda row: row["why"])
def test_nobody_who_was_there_is_left_out(row: Row) -> None:
    """For 2023-H1, by the populations of 1 January 2022; GM2 and GM3 become GM9, maybe with a given one."""

    def codes(cell: str) -> list[str]:
        return [] if row[cell] == "-" else row[cell].split()

    inhabitants = 80 if row["given"] == "yes" else None
    mergers = (
        [Merger(("GM2", "GM3"), "GM9", date.fromisoformat(row["on"]), inhabitants)] if row["merged"] == "yes" else []
    )
    assert uncounted(H1, codes("counted"), codes("before"), codes("after"), mergers) == codes("missing")


@pytest.mark.parametrize(
    ("new", "allowed"),
    [
        (Merger(("GM0009",), "GM0001", date(2024, 1, 1)), True),
        (Merger(("GM0004",), "GM0002", date(2022, 1, 1)), True),
        (Merger(("GM0004",), "GM0002", date(2023, 1, 1)), False),
        (Merger(("GM0009",), "GM0002", date(2024, 1, 1)), False),
        (Merger(("GM0009",), "GM0002", date(2022, 1, 1)), False),
        (Merger(("GM0004",), "GM0004", date(2024, 1, 1)), False),
    ],
)
def test_nobody_becomes_part_of_what_is_no_more(new: Merger, *, allowed: bool) -> None:
    """So no chain of mergers leads back to where it began."""
    if allowed:
        check_merger(new, [MERGED])
    else:
        with pytest.raises(Refused):
            check_merger(new, [MERGED])


NOW = datetime(2023, 2, 1, tzinfo=UTC)


def test_nobody_gives_away_more_than_is_left_to_claim() -> None:
    """Claimed households are spoken for."""
    giving = Position(quota=20, claimed=5, housed=3)
    check_swap("GM0001", "GM0002", 12, giving, H1, NOW)
    with pytest.raises(Refused, match="less left to house"):
        check_swap("GM0001", "GM0002", 13, giving, H1, NOW)
    with pytest.raises(Refused, match="between two"):
        check_swap("GM0001", "GM0001", 1, giving, H1, NOW)
    with pytest.raises(Refused, match="is over"):
        check_swap("GM0001", "GM0002", 1, giving, H1, H1.next.begins_at)
