"""The shortest history that still shows what a seed has found."""

from dataclasses import dataclass

from services.cli.simulation.faults import KINDS
from services.cli.simulation.runs import Outcome, Simulation


@dataclass(frozen=True, slots=True)
class History:
    """So many actions, with these kinds of accidents left, are enough."""

    actions: int
    kinds: tuple[str, ...]
    outcome: Outcome


def shortest(simulation: Simulation, seed: int, actions: int) -> History:
    """Leave out kinds of accidents one by one, and halve the actions, as long as something is still wrong.

    Every try is a history of its own, for another thing is drawn after what was left out; what it shows is real all the
    same.
    """
    without = frozenset[str]()
    for kind in KINDS:
        if simulation.run(seed, actions=actions, without=without | {kind}).findings:
            without |= {kind}
    fewest = actions
    step = actions // 2
    while step:
        if step < fewest and simulation.run(seed, actions=fewest - step, without=without).findings:
            fewest -= step
        else:
            step //= 2
    outcome = simulation.run(seed, actions=fewest, without=without, traced=True)
    return History(fewest, tuple(kind for kind in KINDS if outcome.happened.get(kind)), outcome)
