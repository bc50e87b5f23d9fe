"""What we have published stays true: nothing drifts from the models, and no version loses or narrows anything."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from schemas import catalogue
from schemas.catalogue import MESSAGES, MessageType
from schemas.envelope import InvalidMessage
from schemas.export import PUBLISHED, BreakingChange, breaking_changes, drift, export
from services.cli.__main__ import cli
from services.cli.schemas import EXCHANGE, queues

BED_FREED = "nl.doorstroom.beds.bed-freed.v1"


def published(type_: str) -> dict[str, Any]:
    """The JSON Schema of one message as others see it."""
    schema: dict[str, Any] = json.loads((PUBLISHED / f"{type_}.schema.json").read_text())
    return schema


def data_of(schema: dict[str, Any]) -> dict[str, Any]:
    """The part of a schema that describes the data."""
    data: dict[str, Any] = schema["properties"]["data"]
    while "$ref" in data:
        data = schema["$defs"][data["$ref"].rsplit("/", 1)[-1]]
    return data


def test_the_published_files_are_what_the_models_give() -> None:
    """Whoever changes a model publishes it in the same change."""
    assert drift(PUBLISHED, queues(), EXCHANGE) == []


def test_drift_is_noticed(tmp_path: Path) -> None:
    """A missing, another and a left-over file are each named."""
    export(tmp_path, queues(), EXCHANGE)
    (tmp_path / "asyncapi.json").write_text("{}")
    (tmp_path / "examples" / f"{BED_FREED}.valid.json").unlink()
    (tmp_path / "nl.doorstroom.old.v1.schema.json").write_text("{}")
    assert drift(tmp_path, queues(), EXCHANGE) == [
        "differs: asyncapi.json",
        "left over: nl.doorstroom.old.v1.schema.json",
        f"missing: examples/{BED_FREED}.valid.json",
    ]


@pytest.mark.parametrize("message_type", MESSAGES, ids=lambda item: item.type)
def test_every_published_schema_accepts_its_examples(message_type: MessageType) -> None:
    """The schemas are valid, and describe what our own parser takes."""
    schema = published(message_type.type)
    Draft202012Validator.check_schema(schema)
    examples = json.loads((PUBLISHED / "examples" / f"{message_type.type}.valid.json").read_text())
    assert examples
    for example in examples.values():
        Draft202012Validator(schema).validate(example)
        assert catalogue.parse(json.dumps(example).encode()).type == message_type.type


@pytest.mark.parametrize("path", sorted((PUBLISHED / "examples").glob("*.invalid.json")), ids=lambda path: path.name)
def test_every_invalid_example_is_refused(path: Path) -> None:
    """Each shows one mistake, and our parser makes none of them its own."""
    examples = json.loads(path.read_text())
    assert examples
    for name, example in examples.items():
        body = example if isinstance(example, str) else json.dumps(example)
        with pytest.raises(InvalidMessage):
            pytest.fail(f"{name} was accepted: {catalogue.parse(body.encode()).type}")


def test_a_lost_field_is_a_breaking_change() -> None:
    """A consumer may depend on any field that was there."""
    old, new = published(BED_FREED), published(BED_FREED)
    del data_of(new)["properties"]["places"]
    data_of(new)["required"].remove("places")
    assert any("places" in str(change) for change in breaking_changes(old, new))


def test_a_narrowed_field_is_a_breaking_change() -> None:
    """What was valid yesterday is valid today."""
    old, new = published(BED_FREED), published(BED_FREED)
    data_of(new)["properties"]["places"]["maximum"] = 5
    assert any("maximum" in str(change) for change in breaking_changes(old, new))


def test_a_new_required_field_is_a_breaking_change() -> None:
    """Messages that are still under way do not have it."""
    old, new = published(BED_FREED), published(BED_FREED)
    data_of(new)["properties"]["floor"] = {"type": "integer"}
    data_of(new)["required"].append("floor")
    assert any("floor" in str(change) for change in breaking_changes(old, new))


def test_a_new_optional_field_is_no_breaking_change() -> None:
    """This is how a version grows."""
    old, new = published(BED_FREED), published(BED_FREED)
    data_of(new)["properties"]["floor"] = {"type": "integer"}
    assert breaking_changes(old, new) == []


def test_export_refuses_to_take_something_away(tmp_path: Path) -> None:
    """The files that others build on are the baseline, and nothing is written over them."""
    export(tmp_path, queues(), EXCHANGE)
    path = tmp_path / f"{BED_FREED}.schema.json"
    richer = json.loads(path.read_text())
    data_of(richer)["properties"]["balcony"] = {"type": "boolean"}
    path.write_text(json.dumps(richer))
    before = path.read_bytes()
    with pytest.raises(BreakingChange, match="balcony"):
        export(tmp_path, queues(), EXCHANGE)
    assert path.read_bytes() == before


def test_asyncapi_names_every_message_and_queue() -> None:
    """The one document that describes the exchange is whole."""
    document = json.loads((PUBLISHED / "asyncapi.json").read_text())
    text = json.dumps(document)
    assert document["asyncapi"].startswith("3.")
    assert [item.type for item in MESSAGES if item.type not in text] == []
    assert [queue for queue in queues() if queue not in text] == []


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(value=JSON_VALUES, place=st.sampled_from(["envelope", "data"]), data=st.data())
def test_a_hostile_value_anywhere_is_refused_or_harmless(value: object, place: str, data: st.DataObject) -> None:
    """Whatever stands in a field, the parser gives a message or says why not; nothing else ever comes out of it."""
    examples = json.loads((PUBLISHED / "examples" / f"{BED_FREED}.valid.json").read_text())
    event = copy.deepcopy(next(iter(examples.values())))
    target = event if place == "envelope" else event["data"]
    target[data.draw(st.sampled_from(sorted(target)))] = value
    try:
        parsed = catalogue.parse(json.dumps(event).encode())
    except InvalidMessage:
        return
    assert parsed.type == BED_FREED


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_without_another_error(body: bytes) -> None:
    """A queue may hold anything."""
    with pytest.raises(InvalidMessage):
        catalogue.parse(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b"{" + b" " * 70_000 + b"}",
        b'{"type": NaN}',
        b'{"type": "x", "type": "y"}',
        b'"text"',
        b"\xff\xfe",
        b"",
    ],
    ids=["deep list", "deep object", "too large", "NaN", "twice", "no object", "no UTF-8", "nothing"],
)
def test_hostile_json_is_refused(body: bytes) -> None:
    """None of it costs more than one clear refusal."""
    with pytest.raises(InvalidMessage):
        catalogue.parse(body)


@given(secret=st.text(alphabet="bcdfghjklmnpqrstvwxz", min_size=12, max_size=20), data=st.data())
def test_a_refusal_never_repeats_what_was_in_the_message(secret: str, data: st.DataObject) -> None:
    """The reason goes to logs and to the operator; the content does not."""
    examples = json.loads((PUBLISHED / "examples" / f"{BED_FREED}.valid.json").read_text())
    event = copy.deepcopy(next(iter(examples.values())))
    target = event["data"] if data.draw(st.booleans()) else event
    target[data.draw(st.sampled_from(sorted(target)))] = secret
    assert secret not in refusal_of(json.dumps(event).encode())


def refusal_of(body: bytes) -> str:
    """Why a message is refused, or nothing when it is accepted."""
    try:
        catalogue.parse(body)
    except InvalidMessage as error:
        return str(error)
    return ""


def compare(old: Path, new: Path) -> Result:
    return CliRunner().invoke(cli, ["schemas", "check", str(old), str(new)])


def test_two_releases_that_only_add_take_nothing_away() -> None:
    """Exit code 0."""
    checked = compare(PUBLISHED, PUBLISHED)
    assert (checked.exit_code, checked.output) == (0, "Nothing is taken away.\n")


def test_what_a_release_takes_away_is_told_with_whom_it_harms(tmp_path: Path) -> None:
    """A lost field harms those who receive it, a narrower one those who send it; a lost type both."""
    export(tmp_path, queues(), EXCHANGE)
    path = tmp_path / f"{BED_FREED}.schema.json"
    schema = json.loads(path.read_text())
    data_of(schema)["required"].remove("places")
    data_of(schema)["properties"]["places"]["maximum"] = 5
    path.write_text(json.dumps(schema))
    (tmp_path / "nl.doorstroom.quotas.slot-opened.v1.schema.json").unlink()
    checked = compare(PUBLISHED, tmp_path)
    assert checked.exit_code == 1
    lines = checked.output.splitlines()
    assert f"{BED_FREED}: #/data/places: maximum is tightened (breaks shelters)" in lines
    lost = "the field is no longer always there"
    assert f"{BED_FREED}: #/data/places: {lost} (breaks doorstroom.registry, whoever else receives it)" in lines
    gone = "this type or version is gone"
    assert any(line.startswith(f"nl.doorstroom.quotas.slot-opened.v1: #: {gone} (breaks municip") for line in lines)


@pytest.mark.parametrize("arguments", [[str(PUBLISHED)], [str(PUBLISHED), str(PUBLISHED / "examples")]])
def test_what_cannot_be_compared_is_said(arguments: list[str]) -> None:
    """One folder only, and a folder without schemas; exit code 2."""
    refused = CliRunner().invoke(cli, ["schemas", "check", *arguments])
    assert refused.exit_code == 2
