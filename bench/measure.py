"""What is measured and how: percentiles, figures, resident memory. Imports nothing that a peer's environment lacks."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import psutil

MILLISECONDS = "ms"
PER_SECOND = "/s"
SECONDS = "s"
MEGABYTES = "MB"


class BenchError(Exception):
    """A measurement could not be made; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number.

    `scenario` and `name` say what was measured, `subject` says in whom, so that two subjects can be compared;
    `samples` is how many observations stand behind the value.
    """

    scenario: str
    subject: str
    name: str
    value: float
    unit: str
    samples: int

    def as_json(self) -> dict[str, Any]:
        """Return the record for the JSON file, the value rounded to three decimals."""
        return {**asdict(self), "value": round(self.value, 3)}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """Read a record that `as_json` wrote."""
        return cls(**record)


def dump_figures(figures: Iterable[Figure]) -> str:
    """Write figures as one line, which is how another process hands them over."""
    return json.dumps([figure.as_json() for figure in figures])


def load_figures(line: str) -> list[Figure]:
    """Read what `dump_figures` wrote."""
    return [Figure.from_json(record) for record in json.loads(line)]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed (nearest rank).

    Raises BenchError when there are no values.
    """
    if not values:
        message = "There is nothing to take a percentile of: no sample was measured."
        raise BenchError(message)
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def latencies(scenario: str, subject: str, name: str, seconds: Sequence[float]) -> list[Figure]:
    """Return p50, p99 and the maximum, in milliseconds, of durations in seconds."""
    shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return [
        Figure(scenario, subject, f"{name}, {label}", percentile(seconds, share) * 1000, MILLISECONDS, len(seconds))
        for label, share in shares.items()
    ]


def processor_seconds(process_id: int) -> float:
    """Return the processor time that a process has used; raises BenchError when it has gone."""
    try:
        times = psutil.Process(process_id).cpu_times()
    except psutil.NoSuchProcess as error:
        message = f"Process {process_id} ended before its processor time was measured."
        raise BenchError(message) from error
    return times.user + times.system


def resident_megabytes(process_id: int) -> float:
    """Return the resident memory of a process in megabytes (10^6 bytes); raises BenchError when it has gone."""
    try:
        return psutil.Process(process_id).memory_info().rss / 1e6
    except psutil.NoSuchProcess as error:
        message = f"Process {process_id} ended before its memory was measured."
        raise BenchError(message) from error
