"""How thoroughly chance is asked: `make test` asks often, `make test-fast` a tenth of that, `deep` ten times that."""

from hypothesis import HealthCheck, settings

PROFILES = {"deep": 1000, "thorough": 100, "fast": 10}
"""Hypothesis's profiles, and the percentage of examples that each tries."""


def register() -> None:
    """Make the profiles known; `--hypothesis-profile` chooses. No test depends on how fast the machine is."""
    for name, percent in PROFILES.items():
        settings.register_profile(name, max_examples=percent, deadline=None, derandomize=True)
    settings.load_profile("thorough")


def examples(count: int, steps: int = 50) -> settings:
    """The same `count` examples in every run, each of at most `steps` steps of a state machine; in `fast` fewer."""
    return settings(
        max_examples=max(1, count * settings.default.max_examples // 100),
        stateful_step_count=steps,
        suppress_health_check=list(HealthCheck),
    )
