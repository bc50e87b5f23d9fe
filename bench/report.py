"""Writes what was measured: a Markdown table for people, a JSON file for programs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure import BenchError, Figure
from bench.targets import FLOOR, PRODUCT, TARGETS, Figures

BEGIN = "<!-- results: begin -->"
END = "<!-- results: end -->"
TITLES = {
    "a": "(a) Bed posted, until the coordinator's stream shows it",
    "b": "(b) Sustained: bed posted, offer stored, notification stored",
    "c": "(c) One allocation, by the number of people waiting",
    "d": "(d) Start, and resident memory",
    "e": "(e) Told: by webhooks, and on many live streams",
    "peers": "Peers: one hop, no database",
}


@dataclass(frozen=True, slots=True)
class Results:
    """All that one run found out."""

    machine: Mapping[str, str]
    figures: Sequence[Figure]
    seconds: Mapping[str, float]
    """How long each part of the bench itself took."""

    def as_json(self) -> str:
        """Return the content of the JSON file."""
        content: dict[str, Any] = {
            "machine": dict(self.machine),
            "figures": [figure.as_json() for figure in self.figures],
            "targets": [
                {"target": text, "measured": round(number, 3), "met": met} for text, number, met in self._targets()
            ],
            "partsSeconds": {part: round(seconds, 1) for part, seconds in self.seconds.items()},
        }
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"

    def as_markdown(self) -> str:
        """Return the report."""
        scenarios = [self._scenario(key) for key in TITLES if any(figure.scenario == key for figure in self.figures)]
        return "\n\n".join([self._machine(), *scenarios, *self._verdicts(), self._parts()]) + "\n"

    def _scenario(self, key: str) -> str:
        figures = [figure for figure in self.figures if figure.scenario == key]
        subjects = sorted({figure.subject for figure in figures}, key=_column)
        compared = {PRODUCT, FLOOR} <= set(subjects)
        head = ["measured", *subjects, *(["ratio to floor"] if compared else [])]
        names = dict.fromkeys(figure.name for figure in figures)
        rows = [_row(name, subjects, figures, compared=compared) for name in names]
        return f"### {TITLES[key]}\n\n" + _table(head, rows)

    def _machine(self) -> str:
        return "### The machine\n\n" + _table(["what", "is"], [[what, value] for what, value in self.machine.items()])

    def _parts(self) -> str:
        rows = [[part, f"{seconds:.1f} s"] for part, seconds in self.seconds.items()]
        return "### How long the bench took\n\n" + _table(["part", "time"], rows)

    def _verdicts(self) -> list[str]:
        rows = [[text, _number(number), "met" if met else "**missed**"] for text, number, met in self._targets()]
        return ["### Targets\n\n" + _table(["target", "measured", ""], rows)] if rows else []

    def _targets(self) -> list[tuple[str, float, bool]]:
        found = Figures(self.figures)
        measured = [(target, target.measured(found)) for target in TARGETS]
        return [(target.text, number, target.is_met(number)) for target, number in measured if number is not None]


def keep(results: Results, folder: Path) -> None:
    """Write `results.json`, and the report between two marks in `README.md`; raises BenchError without them."""
    (folder / "results.json").write_text(results.as_json(), encoding="utf-8")
    readme = folder / "README.md"
    before, begin, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        message = f"README.md has no place for the results: put {BEGIN} and {END} where they belong."
        raise BenchError(message)
    readme.write_text(f"{before}{begin}\n\n{results.as_markdown()}\n{end}{after}", encoding="utf-8")


def _column(subject: str) -> tuple[bool, bool, str]:
    """Order the columns: the product, its floor, then the others by name."""
    return subject != PRODUCT, subject != FLOOR, subject


def _row(name: str, subjects: Sequence[str], figures: Sequence[Figure], *, compared: bool) -> list[str]:
    found = {figure.subject: figure for figure in figures if figure.name == name}
    cells = [f"{_number(found[each].value)} {found[each].unit}" if each in found else "" for each in subjects]
    both = compared and {PRODUCT, FLOOR} <= found.keys() and found[FLOOR].value > 0
    ratio = [f"{found[PRODUCT].value / found[FLOOR].value:.2f}" if both else ""] if compared else []
    return [name, *cells, *ratio]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"  # noqa: PLR2004


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
