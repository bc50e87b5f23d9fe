"""`doorstroom replay`: every decision is made again, and compared with what is stored, byte for byte."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import click

from services.cli.databases import DATA, find_database, opened, programmes_in_use
from services.registry.domain.programmes import Programmes
from services.registry.handlers.replay import FAULTS, Outcome, Replayed
from services.registry.handlers.replay import replay as replay_some

PAGE = 500
PROGRESS = 10_000
"""After so many decisions it is said how far it is."""


@dataclass(slots=True)
class Report:
    """What came of replaying: how many of each outcome, and which decisions were not the same."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    faults: list[Replayed] = field(default_factory=list)

    def note(self, replayed: Replayed) -> None:
        """One more."""
        self.outcomes[replayed.outcome] += 1
        if replayed.outcome in FAULTS:
            self.faults.append(replayed)


@click.command()
@DATA
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def replay(data: Path, *, as_json: bool) -> None:
    """Make every decision again, by the policy that it names, and compare.

    Each is made from the snapshot that was stored with it, by the same rules that make decisions, and must give the
    same bytes. One that does not is named, with how: `differs` (the rules choose or explain otherwise), `altered` (what
    is stored was changed), or `unknown-policy`. Decisions from before snapshots were kept are counted as `not-kept`.
    Exits with 1 when a decision is named.

    --data names the folder that `make run` or `make run-distributed` works in; DOORSTROOM_DATABASE_URL names the
    registry's database in any other installation. DOORSTROOM_PROGRAMMES_FILE is the registry's own, if it has one.
    Nothing is written.
    """
    url, programmes = find_database("registry", data), programmes_in_use()
    report = asyncio.run(_replay(url, programmes, lambda line: click.echo(line, err=True)))
    (_print_json if as_json else _print)(report)
    if report.faults:
        raise click.exceptions.Exit(1)


async def _replay(url: str, programmes: Programmes, progress: Callable[[str], None]) -> Report:
    report, last = Report(), None
    async with opened(url, "registry") as transactions:
        while page := await transactions.read(lambda unit, last=last: replay_some(unit, programmes, last, PAGE)):  # type: ignore[misc] # mypy cannot infer a lambda with a default
            last = _note(report, page)
            if report.outcomes.total() % PROGRESS == 0:
                progress(f"{report.outcomes.total()} decisions replayed …")
    return report


def _note(report: Report, page: list[Replayed]) -> UUID:
    for replayed in page:
        report.note(replayed)
    return page[-1].decision_id


def _print(report: Report) -> None:
    for fault in report.faults:
        click.echo(f"decision {fault.decision_id}: {fault.outcome}")
    counted = ", ".join(f"{report.outcomes[outcome]} {outcome}" for outcome in Outcome if report.outcomes[outcome])
    click.echo(f"{report.outcomes.total()} decisions replayed: {counted or 'there is none'}")


def _print_json(report: Report) -> None:
    faults = [{"decisionId": str(fault.decision_id), "outcome": fault.outcome} for fault in report.faults]
    click.echo(json.dumps({"outcomes": {outcome: report.outcomes[outcome] for outcome in Outcome}, "named": faults}))
