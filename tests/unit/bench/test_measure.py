"""The bench's own arithmetic: a figure that is computed wrongly proves nothing."""

import pytest

from bench.measure import BenchError, Figure, dump_figures, latencies, load_figures, percentile


def test_a_percentile_is_the_nearest_rank() -> None:
    """It is a value that was measured, never one in between."""
    values = [float(value) for value in range(100, 0, -1)]

    assert [percentile(values, share) for share in (0.0, 0.5, 0.99, 1.0)] == [1.0, 50.0, 99.0, 100.0]


def test_a_percentile_of_nothing_is_refused() -> None:
    """No sample means no figure, not a zero."""
    with pytest.raises(BenchError, match="no sample"):
        percentile([], 0.5)


def test_latencies_are_told_in_milliseconds() -> None:
    """Durations come in seconds and are reported in milliseconds, with the number of samples."""
    median, worst_percentile, largest = latencies("a", "floor", "alone", [0.001, 0.002, 0.003])

    assert (median.name, median.value, median.unit, median.samples) == ("alone, p50", 2.0, "ms", 3)
    assert (worst_percentile.value, largest.value) == (3.0, 3.0)


def test_figures_survive_the_way_between_two_processes() -> None:
    """A peer in another process hands its figures over unchanged."""
    figures = [Figure("peers", "Celery", "rate", 571.25, "/s", 2000)]

    assert load_figures(dump_figures(figures)) == figures
