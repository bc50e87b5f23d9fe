"""Every description is there in Dutch and in English: of operations, fields, parameters, answers and tags."""

import re
from collections.abc import Iterator

import pytest

from schemas import texts
from schemas.texts import Language
from services.chassis.web.openapi import _openapi, openapi
from services.cli.embedded import NAMES, api_of
from tests.support.design_rules import Document, operations, walk

DOCUMENTS = {(name, language): openapi(api_of(name), language) for name in NAMES for language in Language}
TEXTS = ("summary", "description")
SAME_IN_BOTH = {"quota + arrears - credit + swapped", "claims", "contact"}


def english_texts(value: object) -> Iterator[str]:
    """Each summary and description as the models and operations have it."""
    for _, found in walk(value):
        yield from (found[name] for name in TEXTS if isinstance(found.get(name), str))


ENGLISH = {text for name in NAMES for text in english_texts(_openapi(api_of(name))) if text}


def undescribed(document: Document) -> Iterator[str]:
    for path, method, operation in operations(document):
        if not operation.get("summary") or not operation.get("description"):
            yield f"{method} {path}"
    for place, value in walk(document):
        if place.endswith("/properties"):
            yield from (f"{place}/{name}" for name, item in value.items() if not item.get("description"))
        if "in" in value and "name" in value and not value.get("description"):
            yield f"{place}: {value['name']}"
    yield from (tag["name"] for tag in document["tags"] if not tag.get("description"))
    yield from (name for name, header in document["components"]["headers"].items() if not header.get("description"))


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", NAMES)
def test_everything_is_described(name: str, language: Language) -> None:
    """No operation, field, parameter, tag or header is without a description in either language."""
    assert list(undescribed(DOCUMENTS[name, language])) == []


def test_everything_that_is_said_in_english_is_said_in_dutch() -> None:
    """Whoever writes a description writes it in `schemas/texts` as well."""
    assert sorted(text for text in ENGLISH if text not in texts.dutch()) == []


def test_no_dutch_is_left_over() -> None:
    """What is not said in English any more is taken out."""
    assert sorted(text for text in texts.dutch() if text not in ENGLISH and "{scope}" not in text) == []


def test_dutch_is_another_language() -> None:
    """Nothing was forgotten by leaving it as it was; and what stands between backticks is named in both."""
    assert {english for english, dutch in texts.dutch().items() if english == dutch} == SAME_IN_BOTH
    for english, dutch in texts.dutch().items():
        assert sorted(re.findall(r"`[^`]+`", english)) == sorted(re.findall(r"`[^`]+`", dutch)), english


def test_every_field_that_is_explained_is_there() -> None:
    """And in both languages."""
    names = {
        name
        for document in DOCUMENTS.values()
        for place, value in walk(document)
        for name in (value if place.endswith("/properties") else (value.get("name"),))
    }
    assert [name for name in texts.fields() if name not in names] == []
    assert all(set(meaning) == set(Language) for meaning in texts.fields().values())


@pytest.mark.parametrize("name", NAMES)
def test_the_two_say_the_same_of_everything_else(name: str) -> None:
    """Only summaries and descriptions differ."""

    def without_texts(value: object) -> object:
        if isinstance(value, dict):
            return {
                key: without_texts(item) for key, item in value.items() if key not in TEXTS or isinstance(item, dict)
            }
        return [without_texts(item) for item in value] if isinstance(value, list) else value

    dutch, english = (DOCUMENTS[name, language] for language in Language)
    assert without_texts(dutch) == without_texts(english)
    assert dutch != english
