"""Reports, reflection periods and mergers, as tables of examples."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from schemas.vocabulary import AgeBand, Referrer, ReflectionEnd, Region, Sex
from services.registry.domain.errors import Refused
from services.registry.domain.mergers import left, plan
from services.registry.domain.model import Entry, EntryState, PauseReason, Profile
from services.registry.domain.referrals import problem_with_region
from services.registry.domain.reflection import check_end, check_start, last_day_of, next_warning, over_at
from tests.support.tables import Row, table

REGIONS = """
referrer            | police unit | district | allowed | why
police              | limburg     |          | yes     | a police unit
police              |             |          | yes     | it is not known
police              |             | 3        | no      | only the KMar has districts
kmar                |             | 3        | yes     | a district
kmar                | limburg     |          | no      | it has districts
labour_inspectorate |             |          | yes     | it reports centrally
labour_inspectorate | limburg     |          | no      | it reports centrally
youth_care          | limburg     |          | yes     | where the child is
self                |             |          | yes     | nobody asks
"""

PERIODS = """
started    | last day   | over at              | why
2026-01-15 | 2026-04-14 | 2026-04-14T22:00:00Z | the day before the same day; summer time by then
2026-03-01 | 2026-05-31 | 2026-05-31T22:00:00Z | three whole months
2026-10-01 | 2026-12-31 | 2026-12-31T23:00:00Z | winter time
2025-11-30 | 2026-02-28 | 2026-02-28T23:00:00Z | February has no thirtieth
2025-11-29 | 2026-02-28 | 2026-02-28T23:00:00Z | nor a twenty-ninth in that year
2027-11-29 | 2028-02-28 | 2028-02-28T23:00:00Z | but in a leap year
2026-12-31 | 2027-03-30 | 2027-03-30T22:00:00Z | over the turn of the year
"""

ENDS = """
reason                         | ended      | now        | allowed | why
left_unknown_destination       | 2026-03-20 | 2026-03-20 | yes     | today
complaint_filed_or_cooperating | 2026-03-10 | 2026-03-20 | yes     | told later
declined                       | 2026-03-01 | 2026-03-20 | yes     | on the first day
other_permit_applied           | 2026-02-28 | 2026-03-20 | no      | before it began
declined                       | 2026-03-21 | 2026-03-20 | no      | in the future
expired                        | 2026-03-20 | 2026-03-20 | no      | it runs until the end of May
expired                        | 2026-05-31 | 2026-06-02 | yes     | its last day
declined                       | 2026-06-01 | 2026-06-02 | no      | it had expired
"""


WARNINGS = """
now                  | days before | warned at            | why
2026-03-01T09:00:00Z | 14 3        | 2026-05-17T22:00:00Z | two weeks before its end
2026-03-01T09:00:00Z | 3 14        | 2026-05-17T22:00:00Z | in whatever order they are set
2026-05-17T22:00:00Z | 14 3        | 2026-05-28T22:00:00Z | the next, once that has come
2026-05-28T22:00:00Z | 14 3        |                      | no more
2026-06-02T09:00:00Z | 14 3        |                      | it is over
2026-03-01T09:00:00Z |             |                      | nobody wants to be warned
2026-03-01T09:00:00Z | 80          | 2026-03-12T23:00:00Z | to the day, over the change of the clock
"""


@pytest.mark.parametrize("row", table(WARNINGS), ids=lambda row: row["why"])
def test_the_end_of_a_period_is_warned_of_on_the_days_that_are_set(row: Row) -> None:
    """Of one that ends with the last of May."""
    days = [int(day) for day in row["days before"].split()]
    expected = datetime.fromisoformat(row["warned at"]) if row["warned at"] else None
    assert next_warning(date(2026, 5, 31), days, datetime.fromisoformat(row["now"])) == expected


@pytest.mark.parametrize("row", table(REGIONS), ids=lambda row: f"{row['referrer']}: {row['why']}")
def test_a_report_comes_from_a_region_of_its_own_kind_or_from_none(row: Row) -> None:
    """Police units for most, districts for the Koninklijke Marechaussee, nothing for the Labour Inspectorate."""
    unit = Region(row["police unit"]) if row["police unit"] else None
    district = int(row["district"]) if row["district"] else None
    assert (problem_with_region(Referrer(row["referrer"]), unit, district) is None) == (row["allowed"] == "yes")


@pytest.mark.parametrize("row", table(PERIODS), ids=lambda row: row["why"])
def test_a_reflection_period_runs_three_months_at_most(row: Row) -> None:
    """Until the end of its last day in the Netherlands."""
    last_day = last_day_of(date.fromisoformat(row["started"]))
    assert last_day == date.fromisoformat(row["last day"])
    assert over_at(last_day) == datetime.fromisoformat(row["over at"])


def test_a_reflection_period_does_not_begin_in_the_future() -> None:
    """By the Dutch calendar: half past eleven at night in London it is tomorrow already."""
    now = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    check_start(date(2026, 7, 2), now)
    with pytest.raises(Refused):
        check_start(date(2026, 7, 3), now)


@pytest.mark.parametrize("row", table(ENDS), ids=lambda row: f"{row['reason']}: {row['why']}")
def test_a_reflection_period_ends_on_a_day_of_its_own(row: Row) -> None:
    """Five ways, and never a day too early or too late."""
    now = datetime.fromisoformat(f"{row['now']}T12:00:00Z")
    started, ended = date(2026, 3, 1), date.fromisoformat(row["ended"])
    try:
        check_end(started, last_day_of(started), ReflectionEnd(row["reason"]), ended, now)
    except Refused:
        assert row["allowed"] == "no"
    else:
        assert row["allowed"] == "yes"


NOW = datetime(2026, 3, 1, tzinfo=UTC)
PROFILE = Profile(Sex.FEMALE, AgeBand.AGE_23_PLUS, 1, 0, wheelchair=False, needs=frozenset())


def entry(number: int, waitlist: str, days: int, state: EntryState = EntryState.WAITING) -> Entry:
    return Entry(UUID(int=number), waitlist, UUID(int=99), "mine", PROFILE, 0, NOW - timedelta(days=days), state)


def test_the_survivor_keeps_the_earliest_waiting_since_of_each_list() -> None:
    """Raised where the other one waited longer; and it joins where only the other one stood."""
    mine = [entry(1, "cosm", 10), entry(2, "omm", 50)]
    others = [entry(3, "cosm", 30), entry(4, "omm", 20), entry(5, "vo", 5)]
    planned = plan(mine, others)
    assert [(kept.id, line.waiting_since) for kept, line in planned.kept] == [(mine[0].id, others[0].waiting_since)]
    assert [missing.id for missing in planned.missing] == [others[2].id]


def test_what_was_offered_waits_again_and_what_was_paused_is_paused() -> None:
    """When two cases are taken apart."""
    assert left(entry(1, "cosm", 1, EntryState.OFFERED)).state is EntryState.WAITING
    assert left(entry(1, "cosm", 1, EntryState.PAUSED)).state is EntryState.WAITING, "it stood aside, and does no more"
    paused = entry(1, "cosm", 1, EntryState.PAUSED)
    paused.pause_reason = PauseReason.REQUESTED
    assert left(paused).state is EntryState.PAUSED
