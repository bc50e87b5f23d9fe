"""What an AsyncAPI 3 document must keep (https://www.asyncapi.com/docs/reference/specification/v3.1.0), in our words.

Each rule gives what breaks it. npm's parser, which `.ci/asyncapi-parser` runs, states the same and more.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

Document = dict[str, Any]
Rule = Callable[[Document], Iterator[str]]


def it_is_asyncapi_3(document: Document) -> Iterator[str]:
    """The version, and what the document says of itself."""
    if not re.fullmatch(r"3\.[0-9]+\.[0-9]+", document["asyncapi"]):
        yield "the version"
    if document.keys() - {"asyncapi", "id", "info", "defaultContentType", "channels", "operations", "components"}:
        yield "a field that the specification does not know"
    if not {"title", "version"} <= document["info"].keys():
        yield "the title or the version"


def every_reference_leads_somewhere(document: Document) -> Iterator[str]:
    """Within the document."""
    for reference in _references(document):
        if _found(document, reference) is None:
            yield reference


def operations_send_or_receive_what_their_channel_has(document: Document) -> Iterator[str]:
    """One channel each, and of its messages only."""
    for name, operation in document["operations"].items():
        if operation["action"] not in {"send", "receive"}:
            yield f"{name}: the action"
        channel = operation["channel"]["$ref"]
        known = (_found(document, channel) or {}).get("messages", {})
        within = [f"{channel}/messages/{message}" for message in known]
        if not operation["messages"] or any(message["$ref"] not in within for message in operation["messages"]):
            yield f"{name}: a message that its channel does not have"


def parameters_are_those_of_the_address(document: Document) -> Iterator[str]:
    """None more, none less."""
    for name, channel in document["channels"].items():
        if set(re.findall(r"\{([^}]*)\}", channel["address"])) != set(channel.get("parameters", {})):
            yield name


def addresses_are_unique(document: Document) -> Iterator[str]:
    """Two channels with one address could not be told apart."""
    addresses = [channel["address"] for channel in document["channels"].values()]
    yield from {address for address in addresses if addresses.count(address) > 1}


def every_channel_is_used(document: Document) -> Iterator[str]:
    """By an operation."""
    used = {operation["channel"]["$ref"] for operation in document["operations"].values()}
    yield from (name for name in document["channels"] if f"#/channels/{name}" not in used)


def examples_are_valid(document: Document) -> Iterator[str]:
    """By the schema of their message; there is one for each."""
    for name, message in document["components"]["messages"].items():
        schema = {**message["payload"], "components": {"schemas": document["components"]["schemas"]}}
        validator = Draft202012Validator(schema, format_checker=FormatChecker())
        examples = message.get("examples", [])
        if not examples or not all(validator.is_valid(example["payload"]) for example in examples):
            yield name


RULES: tuple[Rule, ...] = (
    it_is_asyncapi_3,
    every_reference_leads_somewhere,
    operations_send_or_receive_what_their_channel_has,
    parameters_are_those_of_the_address,
    addresses_are_unique,
    every_channel_is_used,
    examples_are_valid,
)


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for inner in node.values():
            yield from _references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _references(inner)


def _found(document: Document, reference: str) -> Any:  # noqa: ANN401 - whatever is there
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        if not isinstance(node, dict) or part not in node:
            return None
        node = node[part]
    return node
