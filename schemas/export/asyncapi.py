"""One AsyncAPI 3.1 document: what is sent where, by whom, and into which queues it goes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from schemas.catalogue import MESSAGES, MessageType
from schemas.export.examples import typical
from schemas.export.json_schema import shared_schemas
from schemas.vocabulary import ListKind

Document = dict[str, Any]
Queues = Mapping[str, Sequence[str]]

AMQP_BINDING_VERSION = "0.3.0"
CONTENT_TYPE = "application/cloudevents+json"
_SCHEMAS = "#/components/schemas/"
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

    `queues` holds the topic patterns that each queue is bound with; `exchange` is the topic exchange that everything
    is published to.
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
            "messages": {item.type: _message(item, names[item.type]) for item in MESSAGES},
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


def _sending_channels(exchange: str) -> Document:
    return {item.type: _sending_channel(item, exchange) for item in MESSAGES}


def _sending_channel(message_type: MessageType, exchange: str) -> Document:
    channel: Document = {"address": message_type.type, "messages": _references([message_type])}
    if message_type.routing_keys != (message_type.type,):
        channel["address"] += ".{listKind}"
        channel["parameters"] = {
            "listKind": {"enum": [str(kind) for kind in ListKind], "description": "which kind of waitlist it is about"}
        }
    topic = {"name": exchange, "type": "topic", "durable": True, "autoDelete": False}
    channel["bindings"] = {"amqp": {"is": "routingKey", "exchange": topic, "bindingVersion": AMQP_BINDING_VERSION}}
    return channel


def _queue_channels(queues: Queues) -> Document:
    return {name: _queue_channel(name, patterns) for name, patterns in sorted(queues.items())}


def _queue_channel(name: str, patterns: Sequence[str]) -> Document:
    queue = {"name": name, "durable": True, "exclusive": False, "autoDelete": False}
    return {
        "address": name,
        "description": "Bound to the exchange with: " + ", ".join(sorted(patterns)),
        "messages": _references(_received(patterns)),
        "bindings": {"amqp": {"is": "queue", "queue": queue, "bindingVersion": AMQP_BINDING_VERSION}},
    }


def _references(message_types: Sequence[MessageType]) -> Document:
    return {item.type: {"$ref": f"#/components/messages/{item.type}"} for item in message_types}


def _send_operations() -> Document:
    amqp = {"deliveryMode": 2, "mandatory": True, "bindingVersion": AMQP_BINDING_VERSION}
    return {
        f"{item.owner or 'every'}.send.{item.type}": {
            "action": "send",
            "summary": (
                f"The service {item.owner} owns this fact, and nobody else sends it."
                if item.owner
                else "Every service sends it of itself."
            ),
            **_on_channel(item.type, [item]),
            "bindings": {"amqp": amqp},
        }
        for item in MESSAGES
    }


def _receive_operations(queues: Queues) -> Document:
    return {
        f"{name}.receive": {
            "action": "receive",
            **_on_channel(name, _received(patterns)),
            "bindings": {"amqp": {"ack": True, "bindingVersion": AMQP_BINDING_VERSION}},
        }
        for name, patterns in sorted(queues.items())
    }


def _on_channel(channel: str, message_types: Sequence[MessageType]) -> Document:
    messages = [{"$ref": f"#/channels/{channel}/messages/{item.type}"} for item in message_types]
    return {"channel": {"$ref": f"#/channels/{channel}"}, "messages": messages}


def _received(patterns: Sequence[str]) -> list[MessageType]:
    return [item for item in MESSAGES if any(_covered(patterns, item.routing_keys))]


def _covered(patterns: Sequence[str], routing_keys: Sequence[str]) -> Iterator[bool]:
    for pattern in patterns:
        expression = _expression(pattern)
        yield from (expression.fullmatch(key) is not None for key in routing_keys)


def _expression(pattern: str) -> re.Pattern[str]:
    """Translate an AMQP topic pattern: `*` is one word, `#` none or more."""
    text = re.escape(pattern).replace(r"\*", "[^.]+")
    text = text.replace(r"\.\#", r"(\..+)?").replace(r"\#\.", r"(.+\.)?").replace(r"\#", ".*")
    return re.compile(text)
