"""Spreadsheets as they come: CSV with commas, semicolons or tabs, or Excel's own; rows of texts with their lines."""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from python_calamine import CalamineError, CalamineWorkbook

LARGEST_BYTES = 5 * 1024 * 1024
LARGEST_UNPACKED_BYTES = 50 * 1024 * 1024
ROWS_LIMIT = 1000
DELIMITERS = ";\t,"
_BETWEEN = re.compile(r"[\s-]+")
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong on a line (0: with the file as a whole), and what would be right. Never what a cell says."""

    line: int
    text: str
    """English, with places for the values; whoever shows it in another language has it by this text."""
    values: Mapping[str, object] = field(default_factory=dict)
    column: str = ""
    """As the file calls it, where it is about one."""

    def __str__(self) -> str:
        text = self.text % self.values
        text = f"{self.column}: {text}" if self.column else text
        return f"line {self.line}: {text}" if self.line else text


def later(text: str) -> str:
    """Marks a text that others translate."""
    return text


class Wrong(ValueError):
    """What would be right in a cell."""

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text % values)
        self.text = text
        self.values = values


class Faulty(Exception):
    """The file cannot be imported; everything that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("the file has faults")
        self.faults = sorted(faults, key=lambda fault: fault.line)


@dataclass(frozen=True, slots=True)
class Row:
    """A line, and its cells by column; a cell without anything in it is not there."""

    line: int
    cells: Mapping[str, str]
    headings: Mapping[str, str] = field(default_factory=dict)
    """By column, which of its headings the file has."""

    def named(self, column: str) -> str:
        """A column as the file calls it."""
        return self.headings.get(column, column)


def nothing_noted(_text: str) -> None:
    """For whoever needs no notes."""


def read_sheet(content: bytes, columns: Mapping[str, str], note: Callable[[str], None] = nothing_noted) -> list[Row]:
    """The rows under the header. `columns` gives each heading that may be used the name of its column.

    Columns with other headings are left alone, and noted by where they are. Raises Faulty.
    """
    if len(content) > LARGEST_BYTES:
        raise _faulty(later("the file is larger than %(bytes)s bytes; divide it"), bytes=LARGEST_BYTES)
    lines = ((line, texts) for line, texts in _lines(content) if any(texts))
    header = next(lines, None)
    if header is None:
        raise _faulty(later("the file is empty"))
    given = [_BETWEEN.sub("_", text.casefold()) for text in header[1]]
    names = [columns.get(heading) for heading in given]
    _check_header(header[0], [name for name in names if name is not None], columns)
    for number, heading in enumerate(given):
        if heading and heading not in columns:
            note(f"column {_letters(number)} is left alone: its heading is not one that is known")
    headings = {name: heading for name, heading in zip(names, given, strict=True) if name is not None}
    rows = list[Row]()
    for line, texts in lines:
        if len(rows) == ROWS_LIMIT:
            raise _faulty(later("there are more than %(rows)s rows; divide the file"), rows=ROWS_LIMIT)
        pairs = zip(names, texts, strict=False)
        rows.append(Row(line, {name: text for name, text in pairs if name is not None and text}, headings))
    return rows


def _letters(number: int) -> str:
    """What a spreadsheet calls the column of this number, from 0 on."""
    before, last = divmod(number, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + last)


def _check_header(line: int, known: Sequence[str], columns: Mapping[str, str]) -> None:
    if not known:
        text = later("none of the headings is one that is known: %(headings)s")
        raise Faulty([Fault(line, text, {"headings": ", ".join(columns)})])
    twice = sorted({name for name in known if known.count(name) > 1})
    if twice:
        text = later("the column %(column)s is there twice")
        raise Faulty([Fault(line, text, {"column": name}) for name in twice])


def _lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    return _from_workbook(content) if content.startswith(_ZIP) else _from_csv(content)


def _from_csv(content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Faulty([Fault(line, later("not UTF-8; save the file as CSV UTF-8, or as xlsx"))]) from None
    header = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for texts in reader:
            yield line, [cell.strip() for cell in texts]
            line = reader.line_num + 1
    except csv.Error:
        raise Faulty(
            [Fault(line, later("not CSV: a quotation mark that is not closed, or a cell that is too long"))]
        ) from None


def _from_workbook(content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(entry.file_size for entry in packed.infolist())
        if unpacked > LARGEST_UNPACKED_BYTES:
            text = later("unpacked, the file is larger than %(bytes)s bytes; divide it")
            raise _faulty(text, bytes=LARGEST_UNPACKED_BYTES)
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False)
    except (CalamineError, zipfile.BadZipFile, IndexError, OSError):
        raise _faulty(later("the file is neither CSV nor a workbook of Excel (xlsx) that can be read")) from None
    for number, cells in enumerate(rows, start=1):
        yield number, [_text(cell) for cell in cells]


def _text(cell: object) -> str:
    """A cell as it would stand in CSV: Excel keeps whole numbers as fractions, and dates as themselves."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return str(cell).strip()


def _faulty(text: str, **values: object) -> Faulty:
    return Faulty([Fault(0, text, values)])
