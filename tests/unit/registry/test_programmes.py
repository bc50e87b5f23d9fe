"""How each list works on a day: as tables, with an operator's file, and with deadlines in working hours."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from schemas.vocabulary import AgeBand, DeclineReason, Sex
from services.calendar.holidays import is_dutch_holiday
from services.calendar.hours import AMSTERDAM, CLOSES, OPENS, AnswerTime
from services.registry.domain.eligibility import reasons_of_programme
from services.registry.domain.model import Profile
from services.registry.domain.programmes import DEFAULT_PROGRAMMES, Programmes
from services.registry.programmes_file import read_programmes
from tests.support.tables import Row, rows_of, table

ON_A_DAY = """
list     | day        | who decides | who pays       | version
cosm     | 2026-03-02 | exclusive   | state          | cosm.2010-01-01
omm      | 2026-03-02 | exclusive   | state          | omm.2010-01-01
vo       | 2026-03-02 | mediation   | municipalities | vo.2010-01-01
loverboy | 2014-12-31 | mediation   | state          | loverboy.2010-01-01
loverboy | 2015-01-01 | mediation   | municipalities | loverboy.2015-01-01
housing  | 2026-03-02 | exclusive   | municipalities | housing.2010-01-01
cosm     | 2001-01-01 | exclusive   | state          | cosm.2010-01-01
"""

# The person whom a household is registered for; children come along in every list.
WHOM_FOR = """
list     | a woman of 30 | a man of 30 | a girl of 16 | a girl of 11 | a woman of unclear age
cosm     | yes           | yes         | no           | no           | no
omm      | yes           | yes         | yes          | yes          | yes
vo       | yes           | yes         | yes          | yes          | yes
loverboy | yes           | no          | yes          | no           | yes
housing  | yes           | yes         | yes          | yes          | yes
"""
PEOPLE = {
    "a woman of 30": (Sex.FEMALE, AgeBand.AGE_23_PLUS),
    "a man of 30": (Sex.MALE, AgeBand.AGE_23_PLUS),
    "a girl of 16": (Sex.FEMALE, AgeBand.AGE_16_TO_17),
    "a girl of 11": (Sex.FEMALE, AgeBand.UNDER_12),
    "a woman of unclear age": (Sex.FEMALE, AgeBand.UNKNOWN),
}

REFUSALS = """
reason          | what it means
unsuitable      | keep_place
unsafe          | exclude_facility
unreachable     | pause
found_elsewhere | review
other           | keep_place
"""

# In Dutch time. Holidays are those of the Algemene termijnenwet, article 3: paragraph 1 names Easter Monday (6 April
# 2026), King's Day (27 April), the fifth of May of each year, and others; paragraph 2 puts Good Friday (3 April 2026)
# on a par with them. On 29 March 2026 the clock goes forward.
DEADLINES = """
asked            | hours | answer before    | why
2026-03-02 09:00 |     8 | 2026-03-02 17:00 | a whole working day
2026-03-02 10:00 |     8 | 2026-03-03 10:00 | the rest on the next day
2026-03-06 16:00 |     2 | 2026-03-09 10:00 | over the weekend
2026-03-07 12:00 |     8 | 2026-03-09 17:00 | Saturday does not count
2026-03-02 03:00 |     1 | 2026-03-02 10:00 | before the office opens
2026-03-02 17:00 |     1 | 2026-03-03 10:00 | after it has closed
2026-04-24 16:00 |     2 | 2026-04-28 10:00 | King's Day is on the Monday
2026-04-02 16:00 |     2 | 2026-04-07 10:00 | neither Good Friday counts nor Easter Monday
2026-05-04 16:00 |     2 | 2026-05-06 10:00 | the fifth of May, in a year that is no fifth one
2026-05-13 16:00 |     2 | 2026-05-15 10:00 | Ascension Day, and not the Friday after it
2026-12-24 16:00 |     2 | 2026-12-28 10:00 | both days of Christmas
2026-03-27 16:00 |     2 | 2026-03-30 10:00 | the night in which the clock changes
"""

# All of them that are no Sundays.
SUNDAY = 6
HOLIDAYS = """
year | from Monday to Saturday                                 | why
2025 | 01-01 04-18 04-21 04-26 05-05 05-29 06-09 12-25 12-26   | 27 April is a Sunday: King's Day is the day before
2026 | 01-01 04-03 04-06 04-27 05-05 05-14 05-25 12-25 12-26   | an ordinary year, and no fifth one
2027 | 01-01 03-26 03-29 04-27 05-05 05-06 05-17 12-25         | Ascension Day follows the fifth of May
2030 | 01-01 04-19 04-22 04-27 05-30 06-10 12-25 12-26         | the fifth of May is a Sunday, and is not moved
2013 | 01-01 03-29 04-01 04-30 05-09 05-20 12-25 12-26         | King's Day was Queen's Day, on 30 April
"""


@pytest.mark.parametrize("row", table(WHOM_FOR), ids=lambda row: row["list"])
def test_a_list_is_for_those_whom_the_law_means_it_for(row: Row) -> None:
    """Categorical shelter for adults, that for victims of loverboys for girls; unclear age is presumed a minor's."""
    programme = Programmes().on(row["list"], date(2026, 3, 2))
    for name, (sex, age_band) in PEOPLE.items():
        profile = Profile(sex, age_band, 1, 0, wheelchair=False, needs=frozenset())
        assert row[name] == ("no" if reasons_of_programme(profile, programme) else "yes"), name


@pytest.mark.parametrize(("name", "day", "authority", "funding", "version"), rows_of(ON_A_DAY))
def test_a_list_works_by_the_version_of_the_day(
    name: str, day: str, authority: str, funding: str, version: str
) -> None:
    """From its first day until the next begins; before the first, by the first."""
    found = Programmes().on(name, date.fromisoformat(day))
    assert (found.authority, found.funding, found.version) == (authority, funding, version)


@pytest.mark.parametrize(("reason", "consequence"), rows_of(REFUSALS))
def test_each_refusal_has_one_consequence(reason: str, consequence: str) -> None:
    """The same in every list as it comes."""
    for programme in DEFAULT_PROGRAMMES:
        assert programme.consequences[DeclineReason(reason)] == consequence


def test_no_refusal_is_without_a_consequence() -> None:
    """In no list, for no reason."""
    for programme in DEFAULT_PROGRAMMES:
        assert set(programme.consequences) == set(DeclineReason)


def dutch(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM)


@pytest.mark.parametrize(("asked", "hours", "expected", "why"), rows_of(DEADLINES))
def test_working_hours_leave_out_nights_weekends_and_holidays(asked: str, hours: str, expected: str, why: str) -> None:
    """In Dutch time, whatever the clock does."""
    deadline_at = AnswerTime(int(hours), working=True).after(dutch(asked).astimezone(UTC), is_dutch_holiday)
    assert deadline_at == dutch(expected), why


@pytest.mark.parametrize("row", rows_of(DEADLINES))
def test_working_hours_are_counted_backwards_as_well(row: tuple[str, str, str, str]) -> None:
    """A reminder comes while somebody works, and as long before the deadline as is said."""
    _asked, hours, expected, why = row
    answer_time, deadline_at = AnswerTime(int(hours), working=True), dutch(expected).astimezone(UTC)
    before = answer_time.before(deadline_at, int(hours), is_dutch_holiday)
    assert OPENS <= before.astimezone(AMSTERDAM).time() <= CLOSES
    assert answer_time.after(before, is_dutch_holiday) == deadline_at, why


def test_a_reminder_comes_before_the_office_closes_for_a_holiday() -> None:
    """Two of eight hours before Tuesday 10:00, when Monday is King's Day: Friday afternoon, and not Tuesday at 8:00."""
    before = AnswerTime(8, working=True).before(dutch("2026-04-28 10:00").astimezone(UTC), 2, is_dutch_holiday)
    assert before == dutch("2026-04-24 16:00")
    assert AnswerTime(24).before(before, 2, is_dutch_holiday) == before - timedelta(hours=2)


@pytest.mark.parametrize(("year", "days", "why"), rows_of(HOLIDAYS))
def test_holidays_are_those_of_the_law_and_no_others(year: str, days: str, why: str) -> None:
    """Algemene termijnenwet, article 3, paragraphs 1 and 2."""
    whole_year = (date(int(year), 1, 1) + timedelta(days=number) for number in range(365))
    found = [day.strftime("%m-%d") for day in whole_year if day.weekday() != SUNDAY and is_dutch_holiday(day)]
    assert found == days.split(), why


def test_plain_hours_are_plain() -> None:
    """Nights and Sundays count."""
    asked = datetime(2026, 12, 24, 22, tzinfo=UTC)
    assert AnswerTime(24).after(asked, is_dutch_holiday) == datetime(2026, 12, 25, 22, tzinfo=UTC)


def written(folder: Path, *versions: dict[str, object]) -> Path:
    file = folder / "programmes.json"
    file.write_text(json.dumps(versions))
    return file


def test_a_version_of_the_operators_holds_from_its_day_and_keeps_what_it_does_not_say(tmp_path: Path) -> None:
    """And its name tells it from another that begins on the same day."""
    said = {"waitlist": "cosm", "validFrom": "2027-01-01", "offer": {"hours": 12, "working": True}, "pauseDays": 14}
    programmes = read_programmes(written(tmp_path, said))
    before, after = (programmes.on("cosm", day) for day in (date(2026, 12, 31), date(2027, 1, 1)))
    assert before in DEFAULT_PROGRAMMES
    assert (after.offer, after.pause_days, after.authority) == (AnswerTime(12, working=True), 14, before.authority)
    assert after.version.startswith("cosm.2027-01-01.")
    other = read_programmes(written(tmp_path, said | {"pauseDays": 15})).on("cosm", date(2027, 1, 1))
    assert other.version != after.version
    assert programmes.of_policy(after.policy) is after
    assert programmes.of_policy("never heard of") is None


def test_a_consequence_that_is_set_leaves_the_others(tmp_path: Path) -> None:
    """What a version does not say is as before."""
    said = {"waitlist": "vo", "validFrom": "2027-01-01", "consequences": {"other": "review"}}
    vo = read_programmes(written(tmp_path, said)).on("vo", date(2027, 1, 1))
    assert (vo.consequences[DeclineReason.OTHER], vo.consequences[DeclineReason.UNSAFE]) == (
        "review",
        "exclude_facility",
    )


BROKEN: tuple[dict[str, object], ...] = (
    {"waitlist": "cosm"},
    {"waitlist": "hotel", "validFrom": "2027-01-01"},
    {"waitlist": "cosm", "validFrom": "2027-01-01", "offer": {"hours": 0}},
    {"waitlist": "cosm", "validFrom": "2027-01-01", "pauseDays": 1000},
    {"waitlist": "cosm", "validFrom": "2027-01-01", "colour": "red"},
    {"waitlist": "cosm", "validFrom": "2010-01-01"},
)


@pytest.mark.parametrize("said", BROKEN)
def test_a_file_that_says_what_cannot_be_is_refused(tmp_path: Path, said: dict[str, object]) -> None:
    """At the start, not at the first decision."""
    with pytest.raises(ValueError, match=r"^\d\.(validFrom|waitlist|offer\.hours|pauseDays|colour): |two versions"):
        read_programmes(written(tmp_path, said))
