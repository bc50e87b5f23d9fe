"""`doorstroom broker`: the users of RabbitMQ and what each of them may do."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from services.chassis.settings import DEFAULT_PREFIX
from services.cli.clients import ORGANISATION, NameType
from services.cli.passwords import kept_passwords
from services.cli.permissions import definitions


@click.group()
def broker() -> None:
    """Broker: the users of RabbitMQ, and what each of them may do."""


@broker.command("definitions")
@click.option(
    "--agency",
    "agencies",
    type=NameType(ORGANISATION),
    multiple=True,
    envvar="DOORSTROOM_AGENCY_QUEUES",
    show_envvar=True,
    help="An organisation that has a queue of its own; give one for each.",
)
@click.option(
    "--passwords",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder with a file for each user's password; those that are missing are made.",
)
@click.option("--vhost", default="/", show_default=True, help="The virtual host.")
@click.option("--prefix", default=DEFAULT_PREFIX, envvar="DOORSTROOM_BROKER_PREFIX", show_default=True)
def definitions_command(agencies: Sequence[str], passwords: Path | None, vhost: str, prefix: str) -> None:
    """Print what `rabbitmqctl import_definitions` takes: a user for each service and agency, and their permissions.

    Without --passwords nobody can log in with one, and importing it takes away those that there were: that is for a
    broker that knows its users by their certificates.
    """
    known = {} if passwords is None else kept_passwords(passwords, prefix, agencies)
    click.echo(json.dumps(definitions(prefix, vhost, agencies, known), indent=2))
