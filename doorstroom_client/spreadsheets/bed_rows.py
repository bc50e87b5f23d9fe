"""The rows of a spreadsheet of free beds: each names a unit, or describes a new one."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeVar
from uuid import UUID

from doorstroom_client.spreadsheets.sheet import Fault, Faulty, Row, Wrong, later
from schemas.api.shelters import FreeUnit, NewUnit
from schemas.messages.beds import Acceptance, Service
from schemas.vocabulary import AgeBand, Need, Programme, Sex

Value = TypeVar("Value")
Default = TypeVar("Default")
Word = TypeVar("Word", bound=Enum)

COLUMNS = {
    "unit": "unit",
    "eenheid": "unit",
    "facility": "facility",
    "locatie": "facility",
    "programme": "programme",
    "opvangvorm": "programme",
    "places": "places",
    "plaatsen": "places",
    "sexes": "sexes",
    "geslachten": "sexes",
    "age_bands": "age_bands",
    "leeftijden": "age_bands",
    "children": "children",
    "kinderen": "children",
    "wheelchair": "wheelchair",
    "rolstoel": "wheelchair",
    "needs": "needs",
    "behoeften": "needs",
    "kept_for_places": "kept_for_places",
    "bewaard_voor": "kept_for_places",
    "available_from": "available_from",
    "vrij_vanaf": "available_from",
    "lease_hours": "lease_hours",
    "geldig_uren": "lease_hours",
}
"""Headings, in English and in Dutch, and the column that each is for."""
DESCRIBING = ("programme", "places", "sexes", "age_bands", "children")
"""What a new unit cannot do without."""
LEASE_HOURS, HOURS_LIMIT = 72, 31 * 24
_YES, _NO = frozenset({"yes", "true", "1", "ja", "waar"}), frozenset({"no", "false", "0", "nee", "onwaar"})
_BETWEEN = re.compile(r"[\s,;|/]+")
_DUTCH_DAY = re.compile(r"(\d{1,2})-(\d{1,2})-(\d{4})\b")


@dataclass(frozen=True, slots=True)
class BedRow:
    """A row that was understood."""

    line: int
    free: FreeUnit


class _Cells:
    """The cells of one row, read one by one; what is wrong with them is gathered."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self.faults: list[Fault] = []

    def has(self, column: str) -> bool:
        return column in self._row.cells

    def fault(self, text: str, **values: object) -> None:
        self.faults.append(Fault(self._row.line, text, values))

    def wrong(self, column: str, text: str, **values: object) -> None:
        self.faults.append(Fault(self._row.line, text, values, self._row.named(column)))

    def read(self, column: str, parse: Callable[[str], Value], default: Default) -> Value | Default:
        """What the cell says, or the default where it is empty or wrong."""
        text = self._row.cells.get(column)
        if text is None:
            return default
        try:
            return parse(text)
        except Wrong as error:
            self.wrong(column, error.text, **error.values)
            return default


def read_rows(rows: Iterable[Row], facilities: Sequence[UUID]) -> list[BedRow]:
    """All rows, understood. `facilities` are the provider's own: with one only, no row need name it.

    Raises Faulty with everything that is wrong with any of them.
    """
    read, faults = list[BedRow](), list[Fault]()
    for row in rows:
        cells = _Cells(row)
        free = _free_unit(cells, facilities)
        faults += cells.faults
        if free is not None:
            read.append(BedRow(row.line, free))
    faults += _named_twice(read)
    if faults:
        raise Faulty(faults)
    return read


def _free_unit(cells: _Cells, facilities: Sequence[UUID]) -> FreeUnit | None:
    unit_id = cells.read("unit", _id, None)
    hours = cells.read("lease_hours", _number(1, HOURS_LIMIT), LEASE_HOURS)
    available_from = cells.read("available_from", _moment, None)
    unit = None if cells.has("unit") else _new_unit(cells, facilities)
    if cells.faults:
        return None
    return FreeUnit(unit_id=unit_id, unit=unit, lease_seconds=hours * 3600, available_from=available_from)


def _new_unit(cells: _Cells, facilities: Sequence[UUID]) -> NewUnit | None:
    missing = [column for column in DESCRIBING if not cells.has(column)]
    if missing:
        text = later("give unit, or describe a new one: %(missing)s missing")
        cells.fault(text, missing=", ".join(map(_in_both, missing)))
    facility = cells.read("facility", _id, facilities[0] if len(facilities) == 1 else None)
    if not cells.has("facility") and facility is None:
        cells.wrong("facility", later("name which of your facilities it is in"))
    elif facility is not None and facility not in facilities:
        cells.wrong("facility", later("there is no such facility among yours"))
    places = cells.read("places", _number(1, 20), 1)
    kept_for = cells.read("kept_for_places", _number(1, 20), None)
    if kept_for is not None and kept_for > places:
        cells.wrong("kept_for_places", later("not more than places"))
    found: Mapping[str, Any] = {
        "facility_id": facility,
        "programme": cells.read("programme", _word(Programme), None),
        "places": places,
        "accepts": Acceptance.model_construct(
            sexes=cells.read("sexes", _words(Sex), []),
            age_bands=cells.read("age_bands", _words(AgeBand), []),
            children=cells.read("children", _truth, False),  # noqa: FBT003 - the default
        ),
        "serves": Service(
            wheelchair=cells.read("wheelchair", _truth, False),  # noqa: FBT003 - the default
            needs=cells.read("needs", _words(Need), []),
        ),
        "kept_for_places": kept_for,
    }
    return None if cells.faults else NewUnit.model_validate(found)


def _in_both(column: str) -> str:
    """A column by its headings in both languages."""
    return " or ".join(heading for heading, name in COLUMNS.items() if name == column)


def _named_twice(read: Iterable[BedRow]) -> list[Fault]:
    seen, faults = dict[UUID, int](), list[Fault]()
    for row in read:
        if row.free.unit_id is not None:
            first = seen.setdefault(row.free.unit_id, row.line)
            if first != row.line:
                faults.append(Fault(row.line, later("the same as on line %(line)s"), {"line": first}, "unit"))
    return faults


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Wrong(later("an id is 32 hexadecimal digits with hyphens, as the lists show it")) from None


def _number(lowest: int, highest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or len(text) > 9 or not lowest <= int(text) <= highest:  # noqa: PLR2004 - far above any limit
            raise Wrong(later("a whole number from %(lowest)s to %(highest)s"), lowest=lowest, highest=highest)
        return int(text)

    return parse


def _truth(text: str) -> bool:
    word = text.casefold()
    if word not in _YES | _NO:
        raise Wrong(later("yes or no"))
    return word in _YES


def _word(words: type[Word]) -> Callable[[str], Word]:
    def parse(text: str) -> Word:
        return _words(words)(text)[0]

    return parse


def _words(words: type[Word]) -> Callable[[str], list[Word]]:
    """One or more of the words, in the order of the vocabulary, each once; `all` for every one."""

    def parse(text: str) -> list[Word]:
        given = {part.casefold() for part in _BETWEEN.split(text) if part}
        known = {word.value: word for word in words}
        if given in ({"all"}, {"alle"}):
            return list(words)
        if not given or given - set(known):
            raise Wrong(later("one or more of %(words)s; or all"), words=", ".join(known))
        return [word for word in words if word.value in given]

    return parse


def _moment(text: str) -> datetime:
    """In the time of this machine, unless it says otherwise."""
    text = _DUTCH_DAY.sub(lambda day: f"{day[3]}-{day[2]:0>2}-{day[1]:0>2}", text)
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Wrong(later("a day or a moment, such as 2026-07-01 or 01-07-2026 09:30")) from None
