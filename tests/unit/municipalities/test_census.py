"""The importer's reader: what is wrong is told together, with line numbers, and never repeated."""

from datetime import date

import pytest

from services.municipalities.domain.census import BadRow, BadRows, read_populations, told

HEADER = "cbs_code,name,province,population,ref_date"
UTRECHT = "GM0344,Utrecht,Utrecht,361699,2022-01-01"
HAGUE = "GM0518,'s-Gravenhage,Zuid-Holland,553417,2022-01-01"


def read(*lines: str, only: str | None = None) -> list[tuple[str, int, date]]:
    """The important part of what is read."""
    text = [f"{line}\n" for line in lines]
    return [(row.code, row.inhabitants, row.ref_date) for row in read_populations(text, only)]


def problems(*lines: str, only: str | None = None) -> list[str]:
    """What is said to be wrong."""
    with pytest.raises(BadRows) as raised:
        read(*lines, only=only)
    return [f"line {row.line}: {row.problem}" for row in raised.value.rows]


def test_a_good_file_is_read() -> None:
    """In the order of its lines."""
    assert read(HEADER, UTRECHT, HAGUE) == [
        ("GM0344", 361_699, date(2022, 1, 1)),
        ("GM0518", 553_417, date(2022, 1, 1)),
    ]


def test_columns_may_stand_in_any_order_among_others() -> None:
    """What else CBS's file holds is left alone; names may hold commas in quotation marks; Friesland is Fryslân."""
    header = "ref_date,source,population,name,cbs_code,province"
    (row,) = read_populations([f"{header}\n", '2022-01-01,"a, b",420,"Súdwest, Fryslân",GM1900,Friesland\n'])
    assert (row.name, row.province, row.inhabitants, row.line) == ("Súdwest, Fryslân", "Fryslân", 420, 2)


def test_only_one_date_is_read_when_one_is_given() -> None:
    """What is wrong in the other rows does not matter then."""
    old, odd = "GM0003,Appingedam,Groningen,12050,2013-01-01", "GM0003,Appingedam,Groningen,12050,unknown"
    assert read(HEADER, old, odd, UTRECHT, only="2022-01-01") == [("GM0344", 361_699, date(2022, 1, 1))]
    assert problems(HEADER, old, only="2022-01-01") == [
        "line 1: there is no row to import; with a ref_date given, none has it"
    ]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("GM34,Utrecht,Utrecht,361699,2022-01-01", "cbs_code"),
        ("GM03\uff144,Utrecht,Utrecht,361699,2022-01-01", "cbs_code"),
        ("GM0344,,Utrecht,361699,2022-01-01", "name"),
        (f"GM0344,{'x' * 101},Utrecht,361699,2022-01-01", "name"),
        ("GM0344,Utr\x07echt,Utrecht,361699,2022-01-01", "name"),
        ("GM0344,Utrecht,Atlantis,361699,2022-01-01", "province"),
        ("GM0344,Utrecht,Utrecht,361.699,2022-01-01", "population"),
        ("GM0344,Utrecht,Utrecht,-5,2022-01-01", "population"),
        ("GM0344,Utrecht,Utrecht,0,2022-01-01", "population"),
        ("GM0344,Utrecht,Utrecht,20000001,2022-01-01", "population"),
        ("GM0344,Utrecht,Utrecht,,2022-01-01", "population"),
        ("GM0344,Utrecht,Utrecht,361699,2022-07-01", "ref_date"),
        ("GM0344,Utrecht,Utrecht,361699,1-1-2022", "ref_date"),
        ("GM0344,Utrecht,Utrecht,361699,2022-13-01", "ref_date"),
    ],
)
def test_a_wrong_cell_is_named_with_its_line_and_not_repeated(line: str, column: str) -> None:
    """The column, and what it must be."""
    (problem,) = problems(HEADER, HAGUE, line)
    assert problem.startswith(f"line 3: {column}: must be ")
    assert "Atlantis" not in problem
    assert "361.699" not in problem


def test_everything_wrong_is_told_at_once() -> None:
    """Several things in one row, and in several rows; the good ones between them do not help."""
    found = problems(HEADER, "GM1,,x,y,z", UTRECHT, "GM0344,Utrecht", UTRECHT)
    assert [problem.split(":")[0] for problem in found] == ["line 2"] * 5 + ["line 4", "line 5"]
    assert found[5] == "line 4: 2 columns; the header has 5"
    assert found[6] == "line 5: the same municipality and ref_date as in line 3"


def test_a_row_over_several_lines_has_the_number_of_its_first() -> None:
    """As an editor shows it."""
    (problem,) = problems(HEADER, '"GM0344","Ut\nrecht",Utrecht,361699,2022-01-01')
    assert problem.startswith("line 2: name")


@pytest.mark.parametrize("lines", [(), ("",), (HEADER.replace(",", ";"),), (f"{HEADER},name",)])
def test_a_header_that_is_none_is_refused(lines: tuple[str, ...]) -> None:
    """Before any row is looked at."""
    (problem,) = problems(*lines)
    assert problem.startswith("line 1: the header ")


def test_what_is_no_csv_is_refused() -> None:
    """A quotation mark that is never closed would swallow the rest of the file."""
    assert "line 3: not readable as CSV" in problems(HEADER, UTRECHT, 'GM0518,"Den Haag,Zuid-Holland,1,2022-01-01')[0]


def test_an_empty_line_is_no_row() -> None:
    """At the end of many files there is one; the numbers still count it."""
    assert len(read(HEADER, "", UTRECHT, "")) == 1
    assert problems(HEADER, "", "GM1,Utrecht,Utrecht,1,2022-01-01")[0].startswith("line 3: cbs_code")


def test_what_is_wrong_with_many_lines_is_told_once() -> None:
    """Else a list of which every row has the wrong date would hide whatever else is wrong with it."""
    rows = [BadRow(line, "too late") for line in (2, 3, 4, 9)] + [BadRow(3, "too long")]
    assert told(rows) == ["lines 2-4, 9: too late", "line 3: too long"]
