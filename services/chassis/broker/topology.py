"""Exchanges, queues and bindings of an installation, as data that every broker implementation declares."""

from dataclasses import dataclass, field

DEFAULT_DELIVERY_LIMIT = 20
"""How often a queue may deliver one message again before quarantine: the default of RabbitMQ 4, where 3 has none."""

LONGEST_NAME_BYTES = 255
"""AMQP 0-9-1 carries names and routing keys as short strings, of at most 255 bytes."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue of one consuming service.

    `bindings` are AMQP topic patterns: words between dots, `*` for exactly one word, `#` for none or more.
    `delivery_limit` counts deliveries after the first; beyond it the message moves to `quarantine_name`.
    """

    name: str
    bindings: tuple[str, ...]
    delivery_limit: int = DEFAULT_DELIVERY_LIMIT

    def __post_init__(self) -> None:
        """Refuse names that AMQP cannot carry and limits that make no sense; raise ValueError."""
        for name in (self.quarantine_name, *self.bindings):
            _check_name(name)
        if not self.bindings:
            message = f"Queue {self.name} has no bindings, so no message would ever reach it."
            raise ValueError(message)
        if self.delivery_limit < 1:
            message = f"Queue {self.name} needs a delivery limit of at least 1."
            raise ValueError(message)

    @property
    def quarantine_name(self) -> str:
        """Where messages go that were delivered too often."""
        return f"{self.name}.quarantine"


@dataclass(frozen=True, slots=True)
class Topology:
    """One durable topic exchange, its queues, and the exchange that dead-lettered messages pass through."""

    exchange: str
    queues: tuple[Queue, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse an exchange name that AMQP cannot carry and queues that share a name; raise ValueError."""
        _check_name(self.dead_letter_exchange)
        names = [queue.name for queue in self.queues]
        if len(set(names)) != len(names):
            message = "Two queues of one topology have the same name."
            raise ValueError(message)

    @property
    def dead_letter_exchange(self) -> str:
        """The direct exchange that leads each queue's dead letters to its quarantine queue."""
        return f"{self.exchange}.dead-letter"


def matches(pattern: str, routing_key: str) -> bool:
    """Tell whether a topic pattern covers a routing key, as AMQP 0-9-1 section 3.1.3.3 defines it."""
    return _matches(tuple(pattern.split(".")), tuple(routing_key.split(".")))


def _matches(pattern: tuple[str, ...], words: tuple[str, ...]) -> bool:
    # Patterns come from the operator's own topology: short, so plain recursion is bounded by the 255 bytes of a name.
    if not pattern:
        return not words
    first, rest = pattern[0], pattern[1:]
    if first == "#":
        return any(_matches(rest, words[index:]) for index in range(len(words) + 1))
    return bool(words) and first in ("*", words[0]) and _matches(rest, words[1:])


def _check_name(name: str) -> None:
    if not name or len(name.encode()) > LONGEST_NAME_BYTES:
        message = f"A name of 1 to {LONGEST_NAME_BYTES} bytes is needed, not {len(name.encode())}."
        raise ValueError(message)
