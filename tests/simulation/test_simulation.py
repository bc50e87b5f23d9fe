"""The simulation repeats itself, finds nothing in the services as they are, and finds what is planted in them."""

import logging
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain, takewhile
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from services.cli.simulation.alike import differences
from services.cli.simulation.outcomes import SOMETIMES
from services.cli.simulation.runs import ACTIONS, Simulation, make_template
from tests.simulation.kept import KEPT
from tests.simulation.planted import BUGS

ROOT = Path(__file__).parents[2]
THOROUGHNESS_PERCENT = settings.default.max_examples if settings.default is not None else 100
SEEDS = int(os.environ.get("DOORSTROOM_SIMULATION_SEEDS", "2000")) * THOROUGHNESS_PERCENT // 100
FEWEST_FOR_EVERYTHING = 200
MOST_FURTHER = 1200
PARTS = [range(first, min(first + FEWEST_FOR_EVERYTHING, SEEDS)) for first in range(0, SEEDS, FEWEST_FOR_EVERYTHING)]
"""Each can be played by another process at the same time."""
ALIKE_SEEDS = 12 * THOROUGHNESS_PERCENT // 100
SHORT = 50
"""So many actions are enough to tell histories from each other."""
EVERY = 1 if THOROUGHNESS_PERCENT >= 100 else 10
LENGTH = ACTIONS if THOROUGHNESS_PERCENT >= 100 else SHORT
FIRST_SEEDS = {"no_inbox": 8}
"""Where what is said again has its effect again, some seeds say everything again for ever: not with this one."""
SEEDS_FOR_A_BUG = 300
"""Each planted bug is found by one of so many; a correct service passes all of them."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of accidents are no news."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    return make_template(tmp_path_factory.mktemp("simulation"))


@pytest.mark.timeout(2400)
@pytest.mark.parametrize("seeds", PARTS, ids=str)
def test_whatever_happens_nothing_that_must_never_be_false_ever_is(simulation: Simulation, seeds: range) -> None:
    """Every seed comes to rest and agrees; and over the first ones every situation that must be met is met."""
    wrong, sometimes = dict[int, tuple[str, ...]](), Counter[str]()
    for seed in chain(seeds, further(seeds, sometimes)):
        outcome = simulation.run(seed, actions=LENGTH)
        sometimes.update(outcome.sometimes)
        if outcome.findings:
            wrong[seed] = outcome.findings
    assert wrong == {}
    if is_to_meet_everything(seeds):
        assert missed(sometimes) == []


def is_to_meet_everything(seeds: range) -> bool:
    return seeds.start == 0 and len(seeds) >= FEWEST_FOR_EVERYTHING


def missed(sometimes: Counter[str]) -> list[str]:
    return [situation for situation in SOMETIMES if not sometimes[situation]]


def further(seeds: range, sometimes: Counter[str]) -> Iterator[int]:
    """What is rarer than these seeds are many is looked for in as many more as it takes, up to a bound."""
    if is_to_meet_everything(seeds):
        yield from takewhile(lambda _seed: missed(sometimes), range(SEEDS, SEEDS + MOST_FURTHER))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("half", [0, 1])
def test_accidents_make_no_difference_to_what_comes_of_the_same_commands(simulation: Simulation, half: int) -> None:
    """Places in line, offers, beds, homes, claims, the books and what everyone heard last are as without accidents."""
    found = {seed: differences(simulation, seed) for seed in range(half, ALIKE_SEEDS + half, 2)}
    assert {seed: lines for seed, lines in found.items() if lines} == {}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("bug", ["no_inbox", "no_sweep", "marked_whatever_the_broker_said"])
def test_a_difference_that_accidents_make_is_found(simulation: Simulation, bug: str) -> None:
    """Or to find none would show nothing."""
    with ExitStack() as stack:
        BUGS[bug](stack)
        assert any(differences(simulation, seed) for seed in range(FIRST_SEEDS.get(bug, 0), SEEDS_FOR_A_BUG))


@pytest.mark.parametrize("seed", list(KEPT)[::EVERY])
def test_what_once_went_wrong_does_not_again(simulation: Simulation, seed: int) -> None:
    """Seeds that have found a defect are played for ever."""
    assert simulation.run(seed).findings == ()


DIGEST = """
import logging, sys, tempfile
from pathlib import Path
import structlog
from services.cli.simulation.runs import make_template
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
with tempfile.TemporaryDirectory() as folder:
    print(make_template(Path(folder)).run(int(sys.argv[1]), actions=int(sys.argv[2])).digest)
"""


def test_the_same_seed_is_the_same_history_in_another_process(simulation: Simulation) -> None:
    """Whatever order the other process keeps its sets in."""
    digests = {simulation.run(7, actions=SHORT).digest, simulation.run(7, actions=SHORT).digest}
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", DIGEST, "7", str(SHORT)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        )
        digests.add(done.stdout.strip())
    assert len(digests) == 1


def test_another_seed_is_another_history(simulation: Simulation) -> None:
    """Or the digest would show nothing."""
    assert simulation.run(7, actions=SHORT).digest != simulation.run(8, actions=SHORT).digest


@pytest.mark.timeout(600)
@pytest.mark.parametrize("bug", list(BUGS)[::EVERY])
def test_it_finds_what_is_planted(simulation: Simulation, bug: str) -> None:
    """A simulation that cannot find a known defect would show nothing by finding none."""
    with ExitStack() as stack:
        BUGS[bug](stack)
        needed = next((seed for seed in range(SEEDS_FOR_A_BUG) if simulation.run(seed).findings), None)
    assert needed is not None
    print(f"{bug}: {needed + 1} seed(s)")  # noqa: T201 - how sharp it is, for who asks with -s
