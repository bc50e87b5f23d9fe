"""One AsyncAPI 3.1 document: what is sent where, by whom, and into which queues it goes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from schemas.api.notifications import TYPES
from schemas.catalogue import MESSAGES, MessageType
from schemas.export.examples import notification, typical
from schemas.export.json_schema import shared_schemas
from schemas.vocabulary import ListKind

Document = dict[str, Any]
Queues = Mapping[str, Sequence[str]]

RECIPIENT = "recipient"
ANY_RECIPIENT = f"{{{RECIPIENT}}}"
"""Stands for an organisation in the name of a queue, and in what it is bound with."""

AMQP_BINDING_VERSION = "0.3.0"
CONTENT_TYPE = "application/cloudevents+json"
_SCHEMAS = "#/components/schemas/"
_WHOSE: Document = {"description": "the organisation that it is to"}
_LIST_KIND: Document = {
    "enum": [str(kind) for kind in ListKind],
    "description": "which kind of waitlist it is about",
}
_INFO = {
    "title": "doorstroom events",
    "version": "1.0.0",
    "description": (
        "CloudEvents 1.0 after the NL GOV profile, structured mode in JSON. Delivery is at least once and in no "
        "certain order: ignore an id that was seen before, and data with a lower version than what is known. "
        "Ignore fields that are not described here; a later minor version may add some."
    ),
    "license": {"name": "EUPL-1.2", "url": "https://eupl.eu/1.2/en"},
}


def asyncapi(queues: Queues, exchange: str) -> Document:
    """Describe the whole installation's messages.

    `queues` holds the topic patterns that each queue is bound with, with ANY_RECIPIENT in both where each organisation
    may have one; `exchange` is the topic exchange that everything is published to.
    """
    names, schemas = shared_schemas(_SCHEMAS)
    return {
        "asyncapi": "3.1.0",
        "id": "urn:nl:doorstroom:events",
        "info": _INFO,
        "defaultContentType": CONTENT_TYPE,
        "channels": _sending_channels(exchange) | _queue_channels(queues),
        "operations": _send_operations() | _receive_operations(queues),
        "components": {
            "messages": {item.type: _message(item, names[item.type]) for item in MESSAGES}
            | {TYPES: _notification(names[TYPES])},
            "schemas": dict(sorted(schemas.items())),
        },
    }


def _message(message_type: MessageType, schema_name: str) -> Document:
    return {
        "name": message_type.type,
        "summary": (message_type.model.__doc__ or "").strip(),
        "contentType": CONTENT_TYPE,
        "payload": {"$ref": _SCHEMAS + schema_name},
        "examples": [{"name": "typical", "payload": typical(message_type)}],
    }


def _notification(schema_name: str) -> Document:
    return {
        "name": TYPES,
        "summary": "Something new for an organisation, of any kind: what it is about, and where to look.",
        "contentType": CONTENT_TYPE,
        "payload": {"$ref": _SCHEMAS + schema_name},
        "examples": [{"name": "typical", "payload": notification()}],
    }


def _sending_channels(exchange: str) -> Document:
    parameters = {"listKind": _LIST_KIND}
    channels = {
        item.type: _sending_channel(item.type, {} if item.routing_keys == (item.type,) else parameters, exchange)
        for item in MESSAGES
    }
    return channels | {TYPES: _sending_channel(TYPES, {RECIPIENT: _WHOSE}, exchange)}


def _sending_channel(name: str, parameters: Document, exchange: str) -> Document:
    channel: Document = {"address": name, "messages": _references([name])}
    for parameter, description in parameters.items():
        channel["address"] += f".{{{parameter}}}"
        channel["parameters"] = {parameter: description}
    topic = {"name": exchange, "type": "topic", "durable": True, "autoDelete": False}
    channel["bindings"] = {"amqp": {"is": "routingKey", "exchange": topic, "bindingVersion": AMQP_BINDING_VERSION}}
    return channel


def _queue_channels(queues: Queues) -> Document:
    return {_key(name): _queue_channel(name, patterns) for name, patterns in sorted(queues.items())}


def _key(queue: str) -> str:
    """By what a queue goes in the document: those that each organisation may have one of go together."""
    return queue.removesuffix(f".{ANY_RECIPIENT}")


def _queue_channel(name: str, patterns: Sequence[str]) -> Document:
    queue = {"name": name, "durable": True, "exclusive": False, "autoDelete": False}
    parameters = {} if _key(name) == name else {"parameters": {RECIPIENT: _WHOSE}}
    return {
        **parameters,
        "address": name,
        "description": "Bound to the exchange with: " + ", ".join(sorted(patterns)),
        "messages": _references(_received(patterns)),
        "bindings": {"amqp": {"is": "queue", "queue": queue, "bindingVersion": AMQP_BINDING_VERSION}},
    }


def _references(messages: Sequence[str]) -> Document:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in messages}


def _send_operations() -> Document:
    senders = [(item.type, item.owner) for item in MESSAGES]
    return {
        f"{owner or 'every'}.send.{name}": _send_operation(name, owner)
        for name, owner in (*senders, (TYPES, "notifications"))
    }


def _send_operation(name: str, owner: str | None) -> Document:
    amqp = {"deliveryMode": 2, "mandatory": True, "bindingVersion": AMQP_BINDING_VERSION}
    return {
        "action": "send",
        "summary": (
            f"The service {owner} owns this fact, and nobody else sends it."
            if owner
            else "Every service sends it of itself."
        ),
        **_on_channel(name, [name]),
        "bindings": {"amqp": amqp},
    }


def _receive_operations(queues: Queues) -> Document:
    return {
        f"{_key(name)}.receive": {
            "action": "receive",
            **_on_channel(_key(name), _received(patterns)),
            "bindings": {"amqp": {"ack": True, "bindingVersion": AMQP_BINDING_VERSION}},
        }
        for name, patterns in sorted(queues.items())
    }


def _on_channel(channel: str, messages: Sequence[str]) -> Document:
    references = [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in messages]
    return {"channel": {"$ref": f"#/channels/{channel}"}, "messages": references}


def _received(patterns: Sequence[str]) -> list[str]:
    told = [TYPES] if f"{TYPES}.{ANY_RECIPIENT}" in patterns else []
    return [item.type for item in MESSAGES if any(_covered(patterns, item.routing_keys))] + told


def _covered(patterns: Sequence[str], routing_keys: Sequence[str]) -> Iterator[bool]:
    for pattern in patterns:
        expression = _expression(pattern)
        yield from (expression.fullmatch(key) is not None for key in routing_keys)


def _expression(pattern: str) -> re.Pattern[str]:
    """Translate an AMQP topic pattern: `*` is one word, `#` none or more."""
    text = re.escape(pattern).replace(r"\*", "[^.]+")
    text = text.replace(r"\.\#", r"(\..+)?").replace(r"\#\.", r"(.+\.)?").replace(r"\#", ".*")
    return re.compile(text)
