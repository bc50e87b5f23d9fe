"""`doorstroom schemas`: what is published about the messages, made from the models and the real topology."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from schemas.export import BreakingChange, drift, export
from services.chassis.settings import DEFAULT_PREFIX
from services.chassis.wiring import topology
from services.cli.embedded import SERVICES

TARGET = click.option(
    "--target",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("schemas/published"),
    show_default=True,
    help="The folder of the published files.",
)


@click.group()
def schemas() -> None:
    """The published schemas of the messages."""


@schemas.command("export")
@TARGET
def export_command(target: Path) -> None:
    """Write JSON Schemas, examples and the AsyncAPI document.

    Refuses to take anything away from a version that is published in the folder already.
    """
    try:
        written = export(target, queues(), EXCHANGE)
    except BreakingChange as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{len(written)} files in {target}")


@schemas.command("check")
@TARGET
def check_command(target: Path) -> None:
    """Say whether the published files are what the models would give; exit code 1 when not."""
    differences = drift(target, queues(), EXCHANGE)
    for difference in differences:
        click.echo(difference)
    if differences:
        raise click.ClickException("the published files are not up to date: run `doorstroom schemas export`")
    click.echo("The published files are up to date.")


def queues() -> Mapping[str, Sequence[str]]:
    """What each service's queue is bound to."""
    declared = [definition.queue(DEFAULT_PREFIX) for definition in SERVICES]
    return {queue.name: queue.bindings for queue in declared}


EXCHANGE = topology(DEFAULT_PREFIX, []).exchange
