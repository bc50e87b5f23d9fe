"""What the product must reach, in terms of its floor, its peers and itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.journey import JOURNEYS
from bench.measure import Figure

PRODUCT = "doorstroom"
FLOOR = "floor"
FASTSTREAM = "FastStream"


class Figures:
    """Finds figures by what they are about."""

    def __init__(self, figures: Sequence[Figure]) -> None:
        """Index figures."""
        self._values = {(each.scenario, each.subject, each.name): each.value for each in figures}

    def value(self, scenario: str, subject: str, name: str) -> float | None:
        """Return the value, or None when it was not measured."""
        return self._values.get((scenario, subject, name))

    def ratio(self, above: tuple[str, str, str], below: tuple[str, str, str]) -> float | None:
        """Return one value divided by another, or None when either was not measured."""
        over, under = self.value(*above), self.value(*below)
        return over / under if over is not None and under else None


@dataclass(frozen=True, slots=True)
class Target:
    """One target: what it says, where its number comes from, and its limit; with `least`, the number must reach it."""

    text: str
    measured: Callable[[Figures], float | None]
    limit: float
    least: bool = False

    def is_met(self, number: float) -> bool:
        """Tell whether a number reaches the target."""
        return number >= self.limit if self.least else number <= self.limit


def waiting(people: int, place: str) -> str:
    """Return the name of scenario (c)'s figure for a number of people and the place of the eligible one."""
    return f"{people:,} waiting, eligible one {place}, p50"


def of_many_kinds(kinds: int) -> str:
    """Return the name of scenario (c)'s figure for the longest list, in which so many stand whom nobody is like."""
    return f"the same, with {kinds:,} more kinds of household that it suits, p50"


def _over_floor(name: str) -> Callable[[Figures], float | None]:
    return lambda figures: figures.ratio(("a", PRODUCT, name), ("a", FLOOR, name))


def _product(scenario: str, name: str) -> Callable[[Figures], float | None]:
    return lambda figures: figures.value(scenario, PRODUCT, name)


START = "embedded: start to first answer"
EMBEDDED_MEMORY = "embedded: resident memory"

WEBHOOK = "event said, until its webhook is received"
RATE_WITH_DEAD = "signed deliveries of one process, with 1,000 dead endpoints"
STREAM_MEMORY = "5,000 live streams: resident memory for each"
STREAMS_LAST = "5,000 live streams: one event, until the last has shown it"
KILOBYTES = "KB"

TARGETS = (
    Target("(a) alone: p50 at most 2 x floor", _over_floor("alone, p50"), 2),
    Target("(a) alone: p99 at most 3 x floor", _over_floor("alone, p99"), 3),
    Target("(a) at 100/s: p50 at most 2 x floor", _over_floor("at 100/s, p50"), 2),
    Target("(a) at 100/s: p99 at most 3 x floor", _over_floor("at 100/s, p99"), 3),
    Target(
        "(b) at least FastStream's rate for one hop without a database",
        lambda figures: figures.ratio(("b", PRODUCT, JOURNEYS), ("peers", FASTSTREAM, "one hop, rate")),
        1,
        least=True,
    ),
    Target(
        "(c) 1,000,000 waiting at most 1.5 x 1,000 waiting, eligible one first",
        lambda figures: figures.ratio(
            ("c", PRODUCT, waiting(1_000_000, "first")), ("c", PRODUCT, waiting(1_000, "first"))
        ),
        1.5,
    ),
    Target("(d) embedded: at most 3 s to the first answer", _product("d", START), 3),
    Target(
        "(e) event to webhook: p50 at most 2 x floor",
        lambda figures: figures.ratio(("e", PRODUCT, f"{WEBHOOK}, p50"), ("e", FLOOR, f"{WEBHOOK}, p50")),
        2,
    ),
    Target("(e) with 1,000 dead endpoints at least 500 deliveries/s", _product("e", RATE_WITH_DEAD), 500, least=True),
    Target("(e) at most 20 KB for each of 5,000 streams", _product("e", STREAM_MEMORY), 20),
    Target("(e) one event on 5,000 streams within 1,000 ms", _product("e", STREAMS_LAST), 1000),
    Target("(d) embedded: at most 150 MB resident", _product("d", EMBEDDED_MEMORY), 150),
)
