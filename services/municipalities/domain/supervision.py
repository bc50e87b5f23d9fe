"""The province's ladder: what it does about a municipality that stays behind. Six steps; when, each province decides.

No rule in print says after how many checks which step follows, so that is a table per province. A province without
one goes a step up at each check in a row at which the municipality was behind.
"""

from collections.abc import Sequence
from datetime import datetime

from services.municipalities.domain.errors import Refused
from services.municipalities.domain.half_year import HalfYear

STEPS = 6
DEFAULT_LADDER = tuple(range(1, STEPS + 1))
"""For each step the number of checks in a row behind that leads to it."""

CHECKS_LIMIT = 12
"""Six years of checks: no ladder is longer."""


def step_of(checks_behind: int, ladder: Sequence[int] = DEFAULT_LADDER) -> int:
    """The step that a municipality stands on: 0 (none) to 6."""
    return sum(checks_behind >= needed for needed in ladder)


def ensure_ladder(ladder: Sequence[int]) -> None:
    """Raises Refused unless each of the six steps needs at least as many checks as the one before."""
    if list(ladder) != sorted(ladder):
        raise Refused("A later step of the ladder cannot come at an earlier check than the one before it.")


def checks_until(moment: datetime, count: int) -> list[HalfYear]:
    """The half-years whose check (1 April, 1 October) has been, the newest first."""
    newest = HalfYear.of(moment)
    if moment < newest.check_at:
        newest = newest.previous
    checks = [newest]
    while len(checks) < count:
        checks.append(checks[-1].previous)
    return checks
