"""Invalid events: a complete one with a single fault, one for each rule that its JSON Schema states."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

from schemas.catalogue import MESSAGES, MessageType
from schemas.export.examples import Json, with_optional_attributes
from schemas.export.json_schema import JsonSchema, json_schema

Path = tuple[str, ...]
Fault = tuple[str, Path, object]
"""What is wrong, where, and the value that stands there instead; MISSING removes it."""

MISSING = object()
_OF_THE_TYPE = ("type-", "data-", "data.")
_WRONG_TYPE: dict[str, object] = {
    "string": 7,
    "integer": "7",
    "boolean": "yes",
    "array": {},
    "object": None,
}


def invalid(message_type: MessageType) -> dict[str, Json]:
    """Give events that every consumer must refuse for their type or data, by the path and the fault."""
    return {name: event for name, event in _spoiled(message_type) if name.startswith(_OF_THE_TYPE)}


def invalid_envelopes() -> dict[str, Json]:
    """Give events that every consumer must refuse for their envelope, which is the same for all types."""
    return {name: event for name, event in _spoiled(MESSAGES[0]) if not name.startswith(_OF_THE_TYPE)}


def _spoiled(message_type: MessageType) -> list[tuple[str, Json]]:
    event, schema = with_optional_attributes(message_type), json_schema(message_type)
    faults = _Rules(schema["$defs"]).faults(schema, event, ())
    return sorted((f"{'.'.join(path)}-{name}", _with_fault(event, path, value)) for name, path, value in faults)


def _with_fault(event: Json, path: Path, value: object) -> Json:
    spoiled = copy.deepcopy(event)
    parent = spoiled
    for step in path[:-1]:
        parent = parent[step]
    if value is MISSING:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return spoiled


class _Rules:
    """Reads what a schema states, and breaks it rule by rule."""

    def __init__(self, definitions: dict[str, JsonSchema]) -> None:
        self._definitions = definitions

    def faults(self, schema: JsonSchema, value: Any, path: Path) -> Iterator[Fault]:  # noqa: ANN401 - any JSON
        """Give every fault that the value at this path can have, alone."""
        rules = self._resolved(schema)
        if path:
            yield from _own(rules, value, path)
        for name in rules.get("properties", {}):
            if name in rules.get("required", ()):
                yield "missing", (*path, name), MISSING
            if name in value:
                yield from self.faults(rules["properties"][name], value[name], (*path, name))

    def _resolved(self, schema: JsonSchema) -> JsonSchema:
        if "$ref" in schema:
            return self._resolved(self._definitions[schema["$ref"].rpartition("/")[2]])
        # What need not be there may also be null; the rules are those of the other alternative.
        return self._resolved(schema["anyOf"][0]) if "anyOf" in schema else schema


def _own(rules: JsonSchema, value: Any, path: Path) -> Iterator[Fault]:  # noqa: ANN401 - any JSON
    yield "of-another-type", path, _WRONG_TYPE[rules["type"]]
    for keyword, (name, breach) in _BREACHES.items():
        if keyword in rules:
            yield name, path, breach(rules, value)


_BREACHES: dict[str, tuple[str, Callable[[JsonSchema, Any], object]]] = {
    "const": ("another", lambda _rules, _value: "another"),
    "enum": ("not-listed", lambda _rules, _value: "not-listed"),
    "pattern": ("malformed", lambda _rules, _value: "not well formed"),
    "format": ("unreadable", lambda _rules, value: str(value)[:-1] + "!"),
    "minimum": ("too-low", lambda rules, _value: rules["minimum"] - 1),
    "maximum": ("too-high", lambda rules, _value: rules["maximum"] + 1),
    "minItems": ("too-few", lambda _rules, _value: []),
    "maxItems": ("too-many", lambda rules, value: (value or [None]) * (rules["maxItems"] + 1)),
    "items": ("with-a-wrong-item", lambda _rules, value: [*value, {}]),
}
