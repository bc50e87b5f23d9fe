"""What may go wrong, how often, and in which order: decided by a seed, switched off at the end."""

import hashlib
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

KINDS = (
    "duplicate",
    "reorder",
    "delay",
    "lost",
    "refused-though-kept",
    "late-confirm",
    "broker-down",
    "broker-connection-lost",
    "broker-wiped",
    "database-away",
    "lost-before-commit",
    "lost-after-commit",
    "serialization",
    "kill",
    "pause",
    "clock",
    "slow-consumer",
)
"""Each is on or off in a run, with a strength of its own (swarm testing, Groce et al. 2012)."""

SELDOM = {"kill": 0.25, "broker-wiped": 0.1}
"""What undoes so much that nothing would ever get far, if it happened as often as the rest."""


_spared: ContextVar[bool] = ContextVar("spared", default=False)


@contextmanager
def spared() -> Iterator[None]:
    """Nothing befalls what is done within; what it sets going elsewhere is not spared."""
    token = _spared.set(True)
    try:
        yield
    finally:
        _spared.reset(token)


class Killed(BaseException):
    """The process in which this happened is no more; nothing of it may go on."""


class Trace:
    """Everything that was seen from outside, as one digest that two equal runs share."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.lines: list[str] | None = None
        self.sometimes: Counter[str] = Counter()

    def note(self, *words: object) -> None:
        """Something happened."""
        line = " ".join(map(str, words))
        self._digest.update(line.encode() + b"\n")
        if self.lines is not None:
            self.lines.append(line)

    def reached(self, situation: str) -> None:
        """A situation that some run must reach."""
        self.sometimes[situation] += 1

    @property
    def digest(self) -> str:
        """The digest of all that was noted."""
        return self._digest.hexdigest()


@dataclass(slots=True)
class Faults:
    """Draws accidents. `strengths`: how likely each is where it may happen."""

    chance: random.Random
    strengths: dict[str, float] = field(default_factory=dict)
    on: bool = True
    happened: Counter[str] = field(default_factory=Counter)
    trace: Trace = field(default_factory=Trace)

    @classmethod
    def drawn(cls, chance: random.Random, *, without: frozenset[str] = frozenset()) -> "Faults":
        """About half of the kinds, each between rare and one time in eight."""
        strengths = {kind: chance.choice((0.0, 0.0, 0.01, 0.04, 0.12)) * SELDOM.get(kind, 1.0) for kind in KINDS}
        return cls(chance, {kind: strength for kind, strength in strengths.items() if kind not in without})

    def strike(self, kind: str, where: str = "") -> bool:
        """Whether this accident happens here and now."""
        strength = self.strengths.get(kind, 0.0)
        if not strength or not self.on or _spared.get() or self.chance.random() >= strength:
            return False
        self.happened[kind] += 1
        self.trace.note("fault", kind, where)
        return True

    def seconds(self, longest: float) -> float:
        """A duration: mostly short, seldom long."""
        return self.chance.random() ** 3 * longest
