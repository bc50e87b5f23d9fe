"""Reads municipalities with their populations from CSV, in the columns that CBS's figures are kept in.

`cbs_code,name,province,population,ref_date`, in UTF-8, with a header; the columns may stand in any order, and others
beside them are left alone. What is wrong is found in all rows before anything is said, and no value is ever repeated.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from schemas.vocabulary import Province

COLUMNS = ("cbs_code", "name", "province", "population", "ref_date")
LARGEST_POPULATION = 20_000_000
LONGEST_NAME = 100
ROWS_LIMIT = 100_000

PROVINCES = tuple(Province)
_ALSO_WRITTEN = {"Friesland": Province.FRYSLAN}

_CODE = re.compile(r"GM[0-9]{4}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class CountedMunicipality:
    """A municipality and how many people lived there on a 1 January."""

    code: str
    name: str
    province: str
    inhabitants: int
    ref_date: date
    line: int


@dataclass(frozen=True, slots=True)
class BadRow:
    """What is wrong with one line of the file."""

    line: int
    problem: str


def told(rows: Iterable[BadRow]) -> list[str]:
    """What is wrong, each once with the lines that it is wrong with; the first line first."""
    lines: dict[str, list[int]] = {}
    for row in rows:
        lines.setdefault(row.problem, []).append(row.line)
    return [f"{_spans(found)}: {problem}" for problem, found in sorted(lines.items(), key=lambda item: item[1])]


def _spans(lines: Iterable[int]) -> str:
    """Lines in rising order, those that follow each other as one: `lines 2-5, 9`."""
    spans: list[list[int]] = []
    for line in lines:
        if spans and line == spans[-1][-1] + 1:
            spans[-1][1:] = [line]
        else:
            spans.append([line])
    several = len(spans) > 1 or len(spans[0]) > 1
    return f"line{'s' * several} {', '.join('-'.join(map(str, span)) for span in spans)}"


class BadRows(Exception):
    """Rows of the file are wrong, so nothing of it is used; `rows` says which and why."""

    def __init__(self, rows: list[BadRow]) -> None:
        self.rows = rows
        super().__init__(f"{len({row.line for row in rows})} row(s) are wrong; nothing was imported.")


def read_populations(lines: Iterable[str], only: str | None = None) -> list[CountedMunicipality]:
    """Read a whole file; with `only`, nothing but the rows with this `ref_date`. Raises BadRows."""
    good: list[CountedMunicipality] = []
    bad: list[BadRow] = []
    seen: dict[tuple[str, date], int] = {}
    for line, row in _rows(lines, bad):
        if only is not None and (row.get("ref_date") or "").strip() != only:
            continue
        counted, problems = _read(row, line)
        if counted is not None and (first := seen.setdefault((counted.code, counted.ref_date), line)) != line:
            problems.append(f"the same municipality and ref_date as in line {first}")
        bad += [BadRow(line, problem) for problem in problems]
        if counted is not None:
            good.append(counted)
    if not good and not bad:
        bad.append(BadRow(1, "there is no row to import; with a ref_date given, none has it"))
    if bad:
        raise BadRows(bad)
    return good


def _rows(lines: Iterable[str], bad: list[BadRow]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows by name, each with the line that it begins on; what cannot be read as CSV is noted as bad."""
    reader = csv.reader(lines, strict=True)
    line = 1
    try:
        header = [name.strip() for name in next(reader, [])]
        if problem := _header_problem(header):
            bad.append(BadRow(1, problem))
            return
        for number, cells in enumerate(reader):
            begins, line = line + 1, reader.line_num
            if number >= ROWS_LIMIT:
                bad.append(BadRow(begins, f"a file has at most {ROWS_LIMIT} rows; divide it"))
                return
            if len(cells) == len(header):
                yield begins, dict(zip(header, cells, strict=True))
            elif cells:
                bad.append(BadRow(begins, f"{len(cells)} columns; the header has {len(header)}"))
    except csv.Error:
        bad.append(BadRow(line + 1, "not readable as CSV; look for a quotation mark that is not closed"))


def _header_problem(header: list[str]) -> str | None:
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        return f"the header lacks {', '.join(missing)}; it must be {','.join(COLUMNS)}, separated by commas"
    if len(set(header)) != len(header):
        return "the header names a column twice"
    return None


def _read(row: Mapping[str, str], line: int) -> tuple[CountedMunicipality | None, list[str]]:
    cells = {name: row[name].strip() for name in COLUMNS}
    province = _ALSO_WRITTEN.get(cells["province"], cells["province"])
    ref_date = _first_of_january(cells["ref_date"])
    population = cells["population"]
    people = int(population) if _NUMBER.fullmatch(population) else 0
    problems = [
        problem
        for wrong, problem in (
            (not _CODE.fullmatch(cells["cbs_code"]), "cbs_code: must be GM and four digits"),
            (not _is_name(cells["name"]), f"name: must be 1 to {LONGEST_NAME} printable characters"),
            (province not in PROVINCES, f"province: must be one of {', '.join(PROVINCES)}"),
            (
                not 1 <= people <= LARGEST_POPULATION,
                f"population: must be a whole number from 1 to {LARGEST_POPULATION}, in digits only",
            ),
            (ref_date is None, "ref_date: must be a 1 January, such as 2022-01-01"),
        )
        if wrong
    ]
    if problems or ref_date is None:
        return None, problems
    return CountedMunicipality(cells["cbs_code"], cells["name"], province, people, ref_date, line), []


def _is_name(text: str) -> bool:
    return 1 <= len(text) <= LONGEST_NAME and text.isprintable()


def _first_of_january(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None
    return day if day is not None and (day.month, day.day) == (1, 1) else None
