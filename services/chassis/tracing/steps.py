"""Steps of a trace, and what led to what: the part that is always there."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from typing import Protocol
from uuid import UUID

from schemas.base import Message as EventData
from schemas.envelope import Event
from services.chassis.broker.port import Message

Attributes = Mapping[str, str | int]
"""Names of operations, types and ids of messages; never anything that says who or where."""


class Kind(Enum):
    """What a step is, in OpenTelemetry's words."""

    SERVER = "server"
    CONSUMER = "consumer"
    PRODUCER = "producer"
    INTERNAL = "internal"


class Step(Protocol):
    """One step of a trace."""

    @property
    def traceparent(self) -> str | None:
        """What is handed on, to whatever this step causes."""
        ...

    def note(self, attributes: Attributes) -> None:
        """Something that is known only now."""
        ...

    def end(self, error: str | None = None) -> None:
        """It is over; `error` is the name of the class of what went wrong, never its text."""
        ...


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A step that nobody records: the trace goes on as it came."""

    traceparent: str | None

    def note(self, attributes: Attributes) -> None:
        """Nothing is kept of it."""

    def end(self, error: str | None = None) -> None:
        """Nothing is kept of it."""


Begin = Callable[[str, Kind, str | None, Attributes], Step]
"""Begins a step: its name, kind, the traceparent of what it follows from, and its attributes."""


def forward(_name: str, _kind: Kind, parent: str | None, _attributes: Attributes) -> Step:
    """Record nothing."""
    return Forwarded(parent)


_begin: Begin = forward


def record_with(begin_step: Begin) -> None:
    """Let this process record its steps so, or `forward` them."""
    global _begin  # noqa: PLW0603 - one for the process, as OpenTelemetry's own is
    _begin = begin_step


def is_recording() -> bool:
    """Whether steps are recorded."""
    return _begin is not forward


def begin(name: str, kind: Kind, parent: str | None, attributes: Attributes) -> Step:
    """Begin a step."""
    return _begin(name, kind, parent, attributes)


class _Causes:
    """The traceparents that what is done now follows from, each with the ids that its event was about."""

    __slots__ = ("_about", "_only")

    def __init__(self, causes: Sequence[tuple[str, frozenset[UUID]]]) -> None:
        distinct = {traceparent for traceparent, _ in causes}
        self._only = next(iter(distinct)) if len(distinct) == 1 else None
        self._about = causes

    def of(self, data: EventData) -> str | None:
        """The only one; among several, that of an event about the same thing, and else none: a guess would mislead."""
        if self._only is not None:
            return self._only
        ids = _ids(data)
        return next((traceparent for traceparent, about in self._about if ids & about), None)


_causes: ContextVar[_Causes | None] = ContextVar("causes", default=None)


def cause_of(data: EventData) -> str | None:
    """The traceparent of what led to this event, or to what is done with it; None when nothing is known of it."""
    causes = _causes.get()
    return None if causes is None else causes.of(data)


def _ids(data: EventData) -> frozenset[UUID]:
    return frozenset(value for value in data.__dict__.values() if isinstance(value, UUID))


@contextmanager
def serving(service: str, method: str, route: str, traceparent: str | None) -> Iterator[Step]:
    """A request, by the template of its address; what is recorded meanwhile follows from it."""
    attributes = {"doorstroom.service": service, "http.request.method": method, "http.route": route}
    step = begin(f"{method} {route}", Kind.SERVER, traceparent, attributes)
    token = _causes.set(None if step.traceparent is None else _Causes([(step.traceparent, frozenset())]))
    try:
        yield step
    finally:
        _causes.reset(token)
        step.end()


@contextmanager
def handling(queue: str, events: Sequence[Event]) -> Iterator[None]:
    """Messages that are handled together; what is recorded meanwhile follows from that which is about the same."""
    if not is_recording() and not any(event.traceparent for event in events):
        yield
        return
    steps = [begin(f"process {event.type}", Kind.CONSUMER, event.traceparent, _about(event, queue)) for event in events]
    causes = [
        (step.traceparent, _ids(event.data))
        for step, event in zip(steps, events, strict=True)
        if step.traceparent is not None
    ]
    token, error = _causes.set(_Causes(causes)), None
    try:
        yield
    except BaseException as raised:
        error = type(raised).__name__
        raise
    finally:
        _causes.reset(token)
        for step in steps:
            step.end(error)


def _about(event: Event, queue: str) -> Attributes:
    return {"messaging.destination.name": queue, "messaging.message.id": str(event.id)}


def publishing(messages: Sequence[Message]) -> list[Step]:
    """The sending of messages, each a step in the trace that it was stored with; nothing while nothing is recorded."""
    return [_sending(message) for message in messages] if is_recording() else []


def _sending(message: Message) -> Step:
    parent = json.loads(message.body).get("traceparent")
    name = f"send {message.routing_key}"
    return begin(name, Kind.PRODUCER, parent, {"messaging.message.id": message.message_id})
