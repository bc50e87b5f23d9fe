"""`doorstroom schemas`: what is published about the messages, made from the models and the real topology."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from schemas.catalogue import BY_TYPE
from schemas.export import BreakingChange, Breaks, compared, drift, export
from schemas.export.asyncapi import ANY_RECIPIENT
from services.chassis.broker.topology import matches
from services.chassis.settings import DEFAULT_PREFIX
from services.chassis.wiring import topology
from services.cli.embedded import SERVICES
from services.notifications.channels.amqp import queue as agency_queue

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


FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@schemas.command("check")
@click.argument("old", type=FOLDER, required=False)
@click.argument("new", type=FOLDER, required=False)
@TARGET
def check_command(old: Path | None, new: Path | None, target: Path) -> None:
    """Say whether the published files are what the models give; or what NEW takes away from OLD, and whom that harms.

    OLD and NEW are folders with published files, such as of two releases. What may be added within a version is not
    mentioned. Exit code 1 when the files differ from the models, or when NEW takes anything away.
    """
    if old is None:
        _check_target(target)
    elif new is None:
        raise click.UsageError("give two folders to compare, OLD and NEW, or none")
    else:
        _compare(old, new)


def _compare(old: Path, new: Path) -> None:
    try:
        changes = compared(old, new)
    except ValueError as error:
        raise click.UsageError(f"the folders cannot be compared: {error}") from None
    for name, change in changes:
        click.echo(f"{name}: {change} (breaks {_whom(name, change.breaks)})")
    if changes:
        raise click.ClickException(f"{len(changes)} change(s) ask for a next version")
    click.echo("Nothing is taken away.")


def _whom(name: str, breaks: Breaks) -> str:
    """Senders and receivers by their names, as far as they are ours."""
    known = BY_TYPE.get(name)
    keys = known.routing_keys if known else (name,)
    receivers = [queue for queue, bound in queues().items() if any(matches(one, key) for one in bound for key in keys)]
    senders = [known.owner or "every service"] if known else ["whoever sends it"]
    harmed = (senders if breaks is not Breaks.RECEIVERS else []) + (receivers if breaks is not Breaks.SENDERS else [])
    others = [] if breaks is Breaks.SENDERS else ["whoever else receives it"]
    return ", ".join([*harmed, *others])


def _check_target(target: Path) -> None:
    differences = drift(target, queues(), EXCHANGE)
    for difference in differences:
        click.echo(difference)
    if differences:
        raise click.ClickException("the published files are not up to date: run `doorstroom schemas export`")
    click.echo("The published files are up to date.")


def queues() -> Mapping[str, Sequence[str]]:
    """What each service's queue is bound to, and that of any organisation that has one."""
    declared = [definition.queue(DEFAULT_PREFIX) for definition in SERVICES]
    of_any = agency_queue(DEFAULT_PREFIX, ANY_RECIPIENT)
    return {queue.name: queue.bindings for queue in (*declared, of_any)}


EXCHANGE = topology(DEFAULT_PREFIX, []).exchange
