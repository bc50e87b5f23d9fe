"""What may change in a published version of a message, and what asks for a next version.

A published field stays, keeps its type, and stays exactly as obligatory; a list of values loses none; a limit is not
tightened. A field that need not be there, a further value and a wider limit may be added within the version.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

JsonSchema = dict[str, Any]


class Breaks(StrEnum):
    """Whom a change harms."""

    SENDERS = "senders"
    """What they send as before is refused."""
    RECEIVERS = "receivers"
    """They get what they do not expect, or do not get what they rely on."""
    BOTH = "senders and receivers"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is taken away: the place in the document, what happened there, and whom that harms."""

    where: str
    what: str
    breaks: Breaks

    def __str__(self) -> str:
        """For people."""
        return f"{self.where}: {self.what}"


_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_EXACT = ("format",)
_ADDED_ONLY = ("pattern", "multipleOf", "uniqueItems")
_ANNOTATIONS = ("title", "description", "default", "examples", "deprecated", "$id", "$schema", "$comment", "$defs")
_STRUCTURE = ("type", "enum", "const", "anyOf", "required", "properties", "items", "additionalProperties")
_UNDERSTOOD = frozenset((*_ANNOTATIONS, *_STRUCTURE))
DEEPEST = 32


def breaking_changes(old_schema: JsonSchema, new_schema: JsonSchema) -> list[Change]:
    """List what the new JSON Schema takes away from those who rely on the old one; empty when it is compatible.

    Both are whole documents of the kind that `schemas.export` writes. A difference in a keyword that is not
    understood counts as breaking. Raises ValueError for a schema that contains itself or refers outside itself.
    """
    return list(_Comparison(old_schema, new_schema).of(old_schema, new_schema, "#", 0))


class _Comparison:
    """Two documents, walked side by side."""

    def __init__(self, old: JsonSchema, new: JsonSchema) -> None:
        self._old = old
        self._new = new

    def of(self, old: JsonSchema, new: JsonSchema, where: str, depth: int) -> Iterator[Change]:
        """Compare one place in both."""
        if depth > DEEPEST:
            raise ValueError(f"A schema is nested deeper than {DEEPEST}, or contains itself.")
        olds, news = _alternatives(self._old, old), _alternatives(self._new, new)
        if sorted(olds) != sorted(news):
            yield Change(where, f"type changed from {_listed(olds)} to {_listed(news)}", Breaks.BOTH)
            return
        for kind, alternative in olds.items():
            yield from self._alternative(alternative, news[kind], where, depth)

    def _alternative(self, old: JsonSchema, new: JsonSchema, where: str, depth: int) -> Iterator[Change]:
        yield from _values(old, new, where)
        yield from _limits(old, new, where)
        yield from _obligations(old, new, where)
        for name, field in old.get("properties", {}).items():
            if name in new.get("properties", {}):
                yield from self.of(field, new["properties"][name], f"{where}/{name}", depth + 1)
            else:
                yield Change(f"{where}/{name}", "the field is gone", Breaks.RECEIVERS)
        if "items" in old or "items" in new:
            yield from self.of(old.get("items", {}), new.get("items", {}), f"{where}/*", depth + 1)


def _resolved(document: JsonSchema, schema: JsonSchema) -> JsonSchema:
    for _ in range(DEEPEST):
        if "$ref" not in schema:
            return schema
        prefix, _, name = schema["$ref"].rpartition("/")
        if prefix != "#/$defs":
            raise ValueError("A schema refers to something outside its own $defs.")
        # Beside a reference stand annotations and, in principle, rules: these add to what is referred to.
        schema = {**document["$defs"][name], **{key: schema[key] for key in schema if key != "$ref"}}
    raise ValueError("A schema refers to itself.")


def _alternatives(document: JsonSchema, schema: JsonSchema) -> dict[str, JsonSchema]:
    resolved = _resolved(document, schema)
    found: dict[str, JsonSchema] = {}
    for option in resolved.get("anyOf", [resolved]):
        alternative = _resolved(document, option)
        types = alternative.get("type", "anything")
        for kind in types if isinstance(types, list) else [types]:
            if kind in found:
                raise ValueError("A schema has two alternatives of one type, which cannot be compared.")
            found[kind] = alternative
    return found


def _listed(alternatives: dict[str, JsonSchema]) -> str:
    return " or ".join(sorted(alternatives))


def _values(old: JsonSchema, new: JsonSchema, where: str) -> Iterator[Change]:
    before, after = _closed_list(old), _closed_list(new)
    if after is None:
        return
    if before is None:
        yield Change(where, "only listed values are left", Breaks.SENDERS)
        return
    for value in before:
        if value not in after:
            yield Change(where, f"the value {value!r} is gone", Breaks.SENDERS)


def _closed_list(schema: JsonSchema) -> list[object] | None:
    values: list[object] | None = [schema["const"]] if "const" in schema else schema.get("enum")
    return values


def _limits(old: JsonSchema, new: JsonSchema, where: str) -> Iterator[Change]:
    for keyword in sorted(old.keys() | new.keys()):
        problem = _limit(keyword, old.get(keyword), new.get(keyword))
        if problem and old.get(keyword) != new.get(keyword):
            yield Change(where, f"{keyword} {problem}", Breaks.BOTH if keyword in _EXACT else Breaks.SENDERS)


def _limit(keyword: str, old: Any, new: Any) -> str | None:  # noqa: ANN401 - any JSON
    """Say what is wrong with this change of a rule, if anything."""
    if keyword in _LOWER_BOUNDS:
        return "is tightened" if new is not None and (old is None or new > old) else None
    if keyword in _UPPER_BOUNDS:
        return "is tightened" if new is not None and (old is None or new < old) else None
    if keyword in _ADDED_ONLY:
        return "is added or another" if new else None
    if keyword in _EXACT:
        return "is another"
    return None if keyword in _UNDERSTOOD else "differs, and it is not known what that means"


def _obligations(old: JsonSchema, new: JsonSchema, where: str) -> Iterator[Change]:
    before, after = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(after - before):
        known = name in old.get("properties", {})
        what = "the field is now required" if known else "a new field is required"
        yield Change(f"{where}/{name}", what, Breaks.SENDERS)
    for name in sorted((before - after) & new.get("properties", {}).keys()):
        yield Change(f"{where}/{name}", "the field is no longer always there", Breaks.RECEIVERS)
    if old.get("additionalProperties", True) != new.get("additionalProperties", True):
        yield Change(where, "additionalProperties is another", Breaks.BOTH)
