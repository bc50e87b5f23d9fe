"""`doorstroom simulate`: the services in one process, with accidents that seeds decide."""

import json
import logging
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import structlog

from services.cli.simulation.alike import differences
from services.cli.simulation.outcomes import SOMETIMES
from services.cli.simulation.runs import ACTIONS, Outcome, Simulation, make_template
from services.cli.simulation.shortest import shortest

PROGRESS_SECONDS = 10.0
SAVED_EVERY = 100


@dataclass(slots=True)
class Progress:
    """How far a run has come; kept in a file, so that it can go on."""

    next_seed: int
    failed: list[int] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    sometimes: Counter[str] = field(default_factory=Counter)

    @classmethod
    def kept_in(cls, file: Path | None, first: int) -> "Progress":
        """As it was left, or a beginning."""
        if file is None or not file.exists():
            return cls(first)
        kept = json.loads(file.read_text())
        return cls(kept["nextSeed"], kept["failed"], Counter(kept["happened"]), Counter(kept["sometimes"]))

    def note(self, outcome: Outcome) -> None:
        """One seed more."""
        self.next_seed = outcome.seed + 1
        self.happened.update(outcome.happened)
        self.sometimes.update(outcome.sometimes)
        if outcome.findings:
            self.failed.append(outcome.seed)

    def keep_in(self, file: Path | None) -> None:
        """Leave it so that the next run goes on from here."""
        if file is not None:
            kept = {
                "nextSeed": self.next_seed,
                "failed": self.failed,
                "happened": dict(self.happened),
                "sometimes": dict(self.sometimes),
            }
            beside = file.with_name(f"{file.name}.new")
            beside.write_text(json.dumps(kept, indent=1) + "\n")
            beside.replace(file)


@click.group()
def simulate() -> None:
    """Play what may go wrong, from seeds, and look whether anything is.

    Anything that must never be false, at any moment and when all has come to rest: see docs/reliability.md.
    """


@simulate.command()
@click.option("--seeds", required=True, help="Which: A..B, both included, or one.")
@click.option("--actions", type=click.IntRange(1, 100_000), default=ACTIONS, show_default=True, help="For each seed.")
@click.option(
    "--state", "state", type=click.Path(dir_okay=False, path_type=Path), help="A file to go on from, and to keep up."
)
@click.option("--trace", is_flag=True, help="Print everything that was seen; for one seed.")
def faults(seeds: str, actions: int, state: Path | None, *, trace: bool) -> None:
    """Users act at any moment while processes die, messages are lost and doubled, and databases go away.

    The real services run in this process on a clock and an order that the seed decides, so the same seed always gives
    the same history. After every step, and with more effort after some and at the end, what must never be false is
    asked; at the end, without further accidents, all must be settled within a simulated minute. Exits with 1 when
    anything was wrong, and then prints the shortest history that still shows it.
    """
    first, last = _range(seeds)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with TemporaryDirectory(prefix="doorstroom-simulation-") as folder:
        simulation = make_template(Path(folder))
        if trace:
            outcome = simulation.run(first, actions=actions, traced=True)
            click.echo("\n".join([*outcome.trace, *outcome.findings, outcome.digest]))
            raise click.exceptions.Exit(1 if outcome.findings else 0)
        progress = Progress.kept_in(state, first)
        _run(simulation, progress, last, actions, state)
    _report(progress, first, last)
    if progress.failed:
        raise click.exceptions.Exit(1)


@simulate.command()
@click.option("--seeds", required=True, help="Which: A..B, both included, or one.")
def outcomes(seeds: str) -> None:
    """The same commands with accidents and without: what comes of them must be the same.

    One command follows another, each when the one before has come to rest, first without accidents and then with them.
    Places in line, offers, beds, homes, claims, the books and what everyone heard last are compared. Exits with 1 when
    anything differs, and then prints what.
    """
    first, last = _range(seeds)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    different = 0
    with TemporaryDirectory(prefix="doorstroom-simulation-") as folder:
        simulation = make_template(Path(folder))
        for seed in range(first, last + 1):
            if lines := differences(simulation, seed):
                different += 1
                click.echo("\n  ".join([f"seed {seed}:", *lines]))
    click.echo(f"seeds {first}..{last}: {different} differ")
    if different:
        raise click.exceptions.Exit(1)


def _range(text: str) -> tuple[int, int]:
    """The first and the last seed. Raises UsageError."""
    found = re.fullmatch(r"(\d{1,12})(?:\.\.(\d{1,12}))?", text)
    if found is None or int(found[2] or found[1]) < int(found[1]):
        raise click.UsageError("--seeds is A..B with A not above B, or one number")
    return int(found[1]), int(found[2] or found[1])


def _run(simulation: Simulation, progress: Progress, last: int, actions: int, state: Path | None) -> None:
    begun = said = time.monotonic()
    first = progress.next_seed
    for seed in range(first, last + 1):
        outcome = simulation.run(seed, actions=actions)
        progress.note(outcome)
        if outcome.findings:
            _explain(simulation, outcome, actions)
        if seed % SAVED_EVERY == 0:
            progress.keep_in(state)
        now = time.monotonic()
        if now - said > PROGRESS_SECONDS:
            said, done = now, seed + 1 - first
            left = (last - seed) * (now - begun) / done
            rate = done * 60 / (now - begun)
            click.echo(f"{done} seeds, {rate:.0f} a minute, {left / 60:.0f} minutes left", err=True)
    progress.keep_in(state)


def _explain(simulation: Simulation, outcome: Outcome, actions: int) -> None:
    click.echo(f"seed {outcome.seed}:")
    for finding in outcome.findings:
        click.echo(f"  {finding}")
    history = shortest(simulation, outcome.seed, actions)
    accidents = ", ".join(history.kinds) or "no accidents"
    click.echo(f"  the shortest history found has {history.actions} actions, and {accidents}:")
    for line in history.outcome.trace:
        click.echo(f"    {line}")


def _report(progress: Progress, first: int, last: int) -> None:
    click.echo(f"seeds {first}..{last}: {len(progress.failed)} failed {progress.failed[:20] or ''}".rstrip())
    click.echo("accidents: " + ", ".join(f"{kind} {count}" for kind, count in sorted(progress.happened.items())))
    for situation in SOMETIMES:
        click.echo(f"{progress.sometimes[situation]:>9}  {situation}")
