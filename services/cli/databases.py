"""Where the commands of an operator find a service's database."""

import os
from pathlib import Path

import click

from services.cli.distributed import database_name
from services.cli.embedded import database_url
from services.cli.servers import PrivatePostgreSQL


def find_database(service: str, data: Path) -> str:
    """The database that DOORSTROOM_DATABASE_URL names, or else the service's own in the folder. Raises UsageError."""
    given = os.environ.get("DOORSTROOM_DATABASE_URL")
    if given:
        return given
    if (data / f"{service}.sqlite3").exists():
        return database_url(data, service)
    running = PrivatePostgreSQL.running_in(data / "postgresql")
    if running is not None:
        return running.database_url(database_name(service))
    message = f"there is no database of {service} in {data}; give --data, or set DOORSTROOM_DATABASE_URL"
    raise click.UsageError(message)
