"""Writes everything that others read instead of our models: JSON Schemas, examples, and one AsyncAPI document.

What was published is the baseline of the next time: a version that is in the target folder never loses or narrows a
field, because `export` refuses to overwrite it with one that does.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from schemas.catalogue import MESSAGES
from schemas.export.asyncapi import asyncapi
from schemas.export.compatibility import Breaks, Change, breaking_changes
from schemas.export.examples import valid
from schemas.export.faults import invalid, invalid_envelopes
from schemas.export.json_schema import NOTIFICATION_FILE, file_name, json_schema, notification_schema

__all__ = [
    "PUBLISHED",
    "BreakingChange",
    "Breaks",
    "Change",
    "breaking_changes",
    "compared",
    "drift",
    "export",
    "lost_in",
    "published_documents",
]

PUBLISHED = Path(__file__).parent.parent / "published"
DEFAULT_EXCHANGE = "doorstroom.events"
NO_QUEUES: Mapping[str, Sequence[str]] = MappingProxyType({})
_OURS = ("asyncapi.json", "nl.doorstroom.*.schema.json", "examples/*valid.json")


class BreakingChange(ValueError):
    """What would be written takes something away from a published version; `changes` lists what."""

    def __init__(self, changes: Sequence[str]) -> None:
        """Take what `lost_in` found."""
        super().__init__(
            "A published version would lose or narrow something; make a next version. " + "; ".join(changes)
        )
        self.changes = tuple(changes)


def export(
    target: Path, queues: Mapping[str, Sequence[str]] = NO_QUEUES, exchange: str = DEFAULT_EXCHANGE
) -> tuple[Path, ...]:
    """Write all documents into the folder `target`, make it if needed, and return their paths.

    `queues` gives, by queue, the topic patterns that bind it to `exchange`; without them the AsyncAPI document has
    only the sending side. Files of ours that are no longer generated are removed. Raises BreakingChange before
    anything is written, or OSError.
    """
    lost = lost_in(target)
    if lost:
        raise BreakingChange(lost)
    documents = published_documents(queues, exchange)
    for name in _found(target) - documents.keys():
        (target / name).unlink()
    (target / "examples").mkdir(parents=True, exist_ok=True)
    for name, text in documents.items():
        (target / name).write_text(text, encoding="utf-8", newline="\n")
    return tuple(target / name for name in documents)


def drift(target: Path, queues: Mapping[str, Sequence[str]] = NO_QUEUES, exchange: str = DEFAULT_EXCHANGE) -> list[str]:
    """List how the files in `target` differ from what `export` would write; empty when they do not."""
    documents = published_documents(queues, exchange)
    found = _found(target)
    differing = [name for name in documents.keys() & found if (target / name).read_bytes() != documents[name].encode()]
    return sorted(
        [f"missing: {name}" for name in documents.keys() - found]
        + [f"left over: {name}" for name in found - documents.keys()]
        + [f"differs: {name}" for name in differing]
    )


def lost_in(target: Path) -> list[str]:
    """List what the models take away from the schemas that are published in `target`.

    Raises ValueError when a file there is not a JSON Schema of the kind that `export` writes.
    """
    current = {file_name(message_type): json_schema(message_type) for message_type in MESSAGES}
    current[NOTIFICATION_FILE] = notification_schema()
    return [f"{name}: {change}" for name, change in _taken_away(_schemas_in(target), current)]


def compared(old: Path, new: Path) -> list[tuple[str, Change]]:
    """What the schemas in the folder `new` take away from those in `old`: each with the type and version.

    Raises ValueError when a file is not a JSON Schema of the kind that `export` writes, or a folder has none.
    """
    before, after = _schemas_in(old), _schemas_in(new)
    if not before or not after:
        message = "each folder must have schemas, in files named as `doorstroom schemas export` names them"
        raise ValueError(message)
    return [(name.removesuffix(".schema.json"), change) for name, change in _taken_away(before, after)]


def _schemas_in(folder: Path) -> dict[str, Any]:
    found = sorted(folder.glob("nl.doorstroom.*.schema.json"))
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in found}


def _taken_away(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Change]]:
    for name, baseline in before.items():
        if name in after:
            yield from ((name, change) for change in breaking_changes(baseline, after[name]))
        else:
            yield name, Change("#", "this type or version is gone", Breaks.BOTH)


def published_documents(
    queues: Mapping[str, Sequence[str]] = NO_QUEUES, exchange: str = DEFAULT_EXCHANGE
) -> dict[str, str]:
    """Give the text of every document by its path below the target folder; the same models give the same bytes."""
    documents = {"asyncapi.json": _for_people(asyncapi(queues, exchange))}
    documents[NOTIFICATION_FILE] = _for_people(notification_schema())
    documents["examples/envelope.invalid.json"] = _line_by_line(invalid_envelopes())
    for message_type in MESSAGES:
        documents[file_name(message_type)] = _for_people(json_schema(message_type))
        documents[f"examples/{message_type.type}.valid.json"] = _for_people(valid(message_type))
        documents[f"examples/{message_type.type}.invalid.json"] = _line_by_line(invalid(message_type))
    return documents


def _for_people(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _line_by_line(examples: Mapping[str, Any]) -> str:
    lines = (f"  {json.dumps(name)}: {json.dumps(event, ensure_ascii=False)}" for name, event in examples.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _found(target: Path) -> set[str]:
    return {path.relative_to(target).as_posix() for pattern in _OURS for path in target.glob(pattern)}
