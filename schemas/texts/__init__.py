"""What the APIs' descriptions say, in Dutch and in English.

The models and operations say it in English. `*.toml` here has the Dutch beside it, and `fields.toml` both for fields
whose names say enough. A test asks that nothing lacks either, and that nothing is left over.
"""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

FIELDS, EXAMPLES = "fields.toml", "examples.toml"


class Language(StrEnum):
    """The languages of the descriptions; the first is given to whoever does not ask for another."""

    DUTCH = "nl"
    ENGLISH = "en"


@cache
def dutch() -> Mapping[str, str]:
    """The Dutch for each English text."""
    sources = sorted(entry.name for entry in files(__name__).iterdir() if entry.name.endswith(".toml"))
    return {
        english: text for name in sources if name not in (FIELDS, EXAMPLES) for english, text in _read(name).items()
    }


@cache
def fields() -> Mapping[str, Mapping[str, str]]:
    """What a field of this name means, by language."""
    return _read(FIELDS)


@cache
def examples() -> Mapping[str, Any]:
    """What stands for a field of this name in examples."""
    return _read(EXAMPLES)


def said(english: str, language: Language) -> str:
    """The text in this language; where there is no Dutch, as it is."""
    return dutch().get(english, english) if language is Language.DUTCH else english


def field(name: str, language: Language) -> str | None:
    """What a field of this name means, in this language."""
    return fields().get(name, {}).get(language)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__name__) / name).read_text(encoding="utf-8"))
