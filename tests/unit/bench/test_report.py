"""The report: the table, the ratios, the verdicts, and where they are kept."""

import json
from pathlib import Path

import pytest

from bench.measure import BenchError, Figure
from bench.report import BEGIN, END, Results, keep

FIGURES = [
    Figure("a", "floor", "alone, p50", 5.0, "ms", 500),
    Figure("a", "doorstroom", "alone, p50", 12.5, "ms", 500),
    Figure("d", "doorstroom", "embedded: start to first answer", 2.5, "s", 1),
]
RESULTS = Results({"cores": "2"}, FIGURES, {"floor": 12.34})


def test_the_table_compares_the_product_with_its_floor() -> None:
    """The product stands first, its floor beside it, then their ratio."""
    report = RESULTS.as_markdown()

    assert "| measured | doorstroom | floor | ratio to floor |" in report
    assert "| alone, p50 | 12.50 ms | 5.00 ms | 2.50 |" in report


def test_a_target_is_judged_only_when_it_was_measured() -> None:
    """A missed target says so, a met one too, and one that nobody measured is not mentioned."""
    targets = {each["target"]: each["met"] for each in json.loads(RESULTS.as_json())["targets"]}

    assert targets == {"(a) alone: p50 at most 2 x floor": False, "(d) embedded: at most 3 s to the first answer": True}
    assert "**missed**" in RESULTS.as_markdown()


def test_a_target_with_a_least_value_is_met_from_there_on() -> None:
    """A rate must reach its peer's, where a latency must stay below its limit."""
    name = "posted, stored at each hop, seen"
    figures = [
        Figure("b", "doorstroom", name, 2000, "/s", 1),
        Figure("peers", "FastStream", "one hop, rate", 2000, "/s", 1),
    ]

    (target,) = json.loads(Results({}, figures, {}).as_json())["targets"]

    assert target["met"] is True


def test_keeping_replaces_only_what_is_between_the_marks(tmp_path: Path) -> None:
    """The words around the results stay, and a second run leaves one report, not two."""
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")

    keep(RESULTS, tmp_path)
    once = readme.read_text(encoding="utf-8")
    keep(RESULTS, tmp_path)

    assert readme.read_text(encoding="utf-8") == once
    assert once.startswith("before\n")
    assert once.endswith("\nafter\n")
    assert "old" not in once
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["machine"] == {"cores": "2"}


def test_a_readme_without_marks_is_left_alone(tmp_path: Path) -> None:
    """Without a place for the results nothing is overwritten, and the message says what to add."""
    readme = tmp_path / "README.md"
    readme.write_text("words", encoding="utf-8")

    with pytest.raises(BenchError, match="results: begin"):
        keep(RESULTS, tmp_path)

    assert readme.read_text(encoding="utf-8") == "words"
