"""What a run of the bench may keep."""

import pytest

from bench.__main__ import SCENARIOS, read_plan
from bench.measure import Figure


def figures_of(subject: str, scenarios: str) -> list[Figure]:
    """Return one figure for each scenario."""
    return [Figure(scenario, subject, "any", 1.0, "ms", 1) for scenario in scenarios]


def test_a_run_without_the_product_is_not_taken_for_a_result() -> None:
    """The floor alone proves nothing about the product: what is missing is named."""
    plan = read_plan([])

    assert plan.unmeasured([*figures_of("doorstroom", "ac"), *figures_of("floor", "abcde")]) == ["b", "d", "e"]
    assert plan.unmeasured(figures_of("doorstroom", "abcde")) == []


@pytest.mark.parametrize("arguments", [["--quick"], ["--only", "a,b"]])
def test_a_partial_run_is_not_whole(arguments: list[str]) -> None:
    """Only everything, in full, may replace the results that are kept."""
    assert not read_plan(arguments).whole
    assert read_plan([]).whole


def test_only_some_scenarios_can_be_asked_for() -> None:
    """What is asked for is measured, and nothing else."""
    assert read_plan(["--only", "a,c"]).scenarios == {"a", "c"}
    assert read_plan([]).scenarios == SCENARIOS


def test_an_unknown_scenario_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt scenario is an error of usage, not an empty report."""
    with pytest.raises(SystemExit) as refused:
        read_plan(["--only", "f"])

    assert refused.value.code == 2
    assert "--only takes" in capsys.readouterr().err
