"""Unique marks in every sensitive field, and a search for them in whatever was written anywhere."""

import base64
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas.sensitivity import Sensitivity
from tests.support.sensitivity import has_form, is_text, longest, sensitivity_of

BIRD = "kanarie"
"""How each mark begins. In no word of ours, and with letters that no hexadecimal number has."""
BORN_ON = date(1931, 7, 23)
NATIONALITY, LANGUAGE = "QX", "qjx"
"""Codes for private use, which nobody else has a reason to write."""
STRANGER = "vreemde-vogel"
"""What a publisher sends who should not: it is kept in quarantine as it came, and must be nowhere else."""


class Marks:
    """Values for the sensitive fields of models, each of them found again wherever it is written."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def new(self, limit: int = 4000) -> str:
        """Text that is nowhere else, of at most so many characters."""
        return f"{BIRD}-{self._chance.getrandbits(48):012x}"[:limit]

    def filled(self, model: type[BaseModel]) -> dict[str, Any]:
        """Every sensitive field of a model, as JSON has it."""
        return {
            field.alias or name: self._value(name, field)
            for name, field in model.model_fields.items()
            if sensitivity_of(field) in (Sensitivity.PERSONAL, Sensitivity.SECRET)
        }

    def everywhere(self, model: type[BaseModel]) -> dict[str, Any]:
        """A mark in each field, and in one that there is not, so that it is refused as a whole."""
        body = {field.alias or name: self.new() for name, field in model.model_fields.items()}
        return body | {self.new(): self.new()}

    def _value(self, name: str, field: FieldInfo) -> object:
        if not is_text(field):
            return BORN_ON.isoformat()
        if has_form(field):
            return [LANGUAGE] if name == "languages" else NATIONALITY
        return self.new(longest(field))


def forms(word: str) -> Iterator[bytes]:
    """A word as it may be written: plain, in base64 at any offset, in hexadecimal, percent-encoded, in UTF-16."""
    plain = word.encode()
    yield plain
    yield quote(word).encode()
    yield plain.hex().encode()
    yield word.encode("utf-16-le")
    for offset in range(3):
        # Of what begins in the middle of a group of four, the first characters depend on what stands before.
        encoded = base64.b64encode(bytes(offset) + plain).rstrip(b"=")
        yield encoded[(offset * 8 + 5) // 6 : -1]


def written(*words: str) -> tuple[bytes, ...]:
    """Each of these words in each form."""
    return tuple(form for word in words for form in forms(word))


MARKED = (
    *written(BIRD, BIRD.upper(), BIRD.capitalize()),
    BORN_ON.isoformat().encode(),
    BORN_ON.strftime("%Y%m%d").encode(),
    b"datetime.date(1931, 7, 23)",
    *(f"{mark}{code}{mark}".encode() for code in (NATIONALITY, LANGUAGE) for mark in "'\""),
)


def hits(found: Mapping[str, bytes], sought: Sequence[bytes] = MARKED) -> list[str]:
    """Where a mark is, with a little around it."""
    return [
        f"{place}: {content[max(0, at - 60) : at + 30]!r}"
        for place, content in found.items()
        for form in sought
        if (at := content.find(form)) >= 0
    ]


def files(*folders: Path) -> dict[str, bytes]:
    """What is in each file below these folders."""
    return {str(path): path.read_bytes() for folder in folders for path in _below(folder)}


def _below(folder: Path) -> Iterable[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
