"""Our messages against the CloudEvents project's own JSON Schema, in the folder DOORSTROOM_STANDARDS_DIR.

Not part of `make test`: the project carries no copy of other people's files.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker

from schemas.export import PUBLISHED

EXAMPLES = sorted((PUBLISHED / "examples").glob("*.valid.json"))


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    """The published schema, with its formats checked as well."""
    folder = os.environ.get("DOORSTROOM_STANDARDS_DIR")
    if not folder:
        pytest.fail("set DOORSTROOM_STANDARDS_DIR to the folder that holds cloudevents.schema.json", pytrace=False)
    schema = json.loads((Path(folder) / "cloudevents.schema.json").read_text())
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema, format_checker=FormatChecker())


def test_there_are_examples() -> None:
    """An empty folder would make the next test say nothing."""
    assert EXAMPLES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_schema_of_cloudevents_accepts_our_messages(validator: Draft7Validator, path: Path) -> None:
    """Every kind of message that we publish is a CloudEvent to someone who has never heard of us."""
    examples: dict[str, Any] = json.loads(path.read_text())
    assert examples
    for example in examples.values():
        validator.validate(example)


def test_the_schema_can_refuse(validator: Draft7Validator) -> None:
    """The check is able to fail: without its type an event is not one."""
    event = next(iter(json.loads(EXAMPLES[0].read_text()).values()))
    del event["type"]
    assert not validator.is_valid(event)
