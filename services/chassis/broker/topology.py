"""Exchanges, queues and bindings of an installation, as data that every broker implementation declares."""

from dataclasses import dataclass, field
from functools import lru_cache

DEFAULT_DELIVERY_LIMIT = 20
"""How often a queue may deliver one message again before quarantine: the default of RabbitMQ 4, where 3 has none."""

AGAIN = "again"

LONGEST_NAME_BYTES = 255
"""AMQP 0-9-1 carries names and routing keys as short strings, of at most 255 bytes."""


@dataclass(frozen=True, slots=True)
class Bound:
    """How much a queue keeps for somebody who may not come: so many messages, each for so long."""

    messages: int
    seconds: int

    def __post_init__(self) -> None:
        """Refuse bounds that keep nothing; raise ValueError."""
        if self.messages < 1 or self.seconds < 1:
            raise ValueError("A queue keeps at least one message, for at least one second.")


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue of one consumer.

    `bindings` are AMQP topic patterns: words between dots, `*` for exactly one word, `#` for none or more.
    `delivery_limit` counts deliveries after the first; beyond it the message moves to `quarantine_name`.
    Without a `bound` nothing that was confirmed is ever dropped, as our services need it. With one the queue is
    somebody else's: what is over its length, the oldest first, or over its age moves to `quarantine_name`, which is
    bounded alike.
    """

    name: str
    bindings: tuple[str, ...]
    delivery_limit: int = DEFAULT_DELIVERY_LIMIT
    bound: Bound | None = None

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
        names = [name for queue in self.queues for name in (queue.name, queue.quarantine_name)]
        if len(set(names)) != len(names):
            message = "Two queues of one topology have the same name."
            raise ValueError(message)

    @property
    def dead_letter_exchange(self) -> str:
        """The topic exchange that leads each queue's dead letters to its quarantine queue.

        A topic exchange, because with these a broker can keep who may publish to one apart from who may to another.
        """
        return f"{self.exchange}.dead-letter"


def said_again(service: str, routing_key: str = "#") -> str:
    """The routing key of a message that one service says to itself again; or the pattern of all that it may.

    So nobody else hears it, and a broker need not let a service say under another's key what it had heard from them.
    """
    return f"{AGAIN}.{service}.{routing_key}"


def first_said(routing_key: str) -> str:
    """The routing key without that."""
    word, _, rest = routing_key.partition(".")
    return rest.partition(".")[2] if word == AGAIN else routing_key


@lru_cache(maxsize=10_000)
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
