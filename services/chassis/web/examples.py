"""Examples of answers, made from their schemas: what was said in the request comes back in the answer."""

from collections.abc import Mapping
from typing import Any

_FORMATS = {
    "uuid": "019a0000-0000-7000-8000-000000000001",
    "date-time": "2026-07-01T09:30:00Z",
    "date": "2026-07-01",
}
_PLAIN: Mapping[str, Any] = {"integer": 1, "number": 1, "boolean": False, "null": None}


class Examples:
    """Makes them for one document. `known` are texts by the name of their field."""

    def __init__(self, definitions: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._known = known

    def answer(self, schema: Mapping[str, Any], said: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
        """An answer to a request that said this."""
        made = self.of(schema)
        if isinstance(made, dict):
            same = {name: value for name, value in said.items() if isinstance(value, str | int) and name in made}
            return made | same
        return made

    def of(self, schema: Mapping[str, Any], name: str = "") -> Any:  # noqa: ANN401 - any JSON value
        """A value that this schema of a field of this name allows."""
        if "$ref" in schema:
            return self.of(self._definitions[schema["$ref"].rpartition("/")[2]], name)
        for options in (schema.get("examples"), schema.get("enum")):
            if options:
                return options[0]
        if "const" in schema:
            return schema["const"]
        if options := schema.get("anyOf") or schema.get("oneOf"):
            return self.of(options[0], name)
        return self._of_type(schema, name)

    def _of_type(self, schema: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - as above
        match schema["type"]:
            case "object":
                return {field: self.of(member, field) for field, member in schema.get("properties", {}).items()}
            case "array":
                return [self.of(schema["items"], name) for _ in range(schema.get("minItems", 1))]
            case "string":
                return _FORMATS.get(schema.get("format", "")) or self._known.get(name, "text")
            case other:
                return schema.get("minimum", _PLAIN[other])
