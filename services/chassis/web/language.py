"""Puts an OpenAPI document into one of its languages; the models and operations have it in English."""

from typing import Any

from schemas.texts import Language, field, said

_VALUES = frozenset({"default", "const", "enum", "example", "examples"})
_ROLES = "Scope `{scope}`; roles: {roles}."


def in_language(value: Any, language: Language) -> Any:  # noqa: ANN401 - any JSON value
    """The same with each summary and description in this language, and one for each field that had none."""
    if isinstance(value, list):
        return [in_language(item, language) for item in value]
    if not isinstance(value, dict):
        return value
    told = {name: member if name in _VALUES else in_language(member, language) for name, member in value.items()}
    for name in ("summary", "description"):
        if isinstance(told.get(name), str):
            told[name] = said(told[name], language)
    if isinstance(told.get("properties"), dict):
        for name, schema in told["properties"].items():
            _describe(schema, name, language)
    if "in" in told and "name" in told:
        told.setdefault("description", told.get("schema", {}).get("description"))
        _describe(told, told["name"], language)
    if "x-scope" in told:
        _tell_who(told, language)
    return told


def _describe(described: dict[str, Any], name: str, language: Language) -> None:
    meaning = described.get("description") or field(name, language)
    if meaning is not None:
        described["description"] = meaning


def _tell_who(operation: dict[str, Any], language: Language) -> None:
    who = said(_ROLES, language).format(scope=operation["x-scope"], roles=", ".join(operation["x-roles"]))
    operation["description"] = f"{operation['description']}\n\n{who}".strip()
