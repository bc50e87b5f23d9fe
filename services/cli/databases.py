"""The services' databases, for commands of an operator that work on them without starting a service."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import click

from services.chassis.clock import system_clock, system_identifiers
from services.chassis.database import Database
from services.chassis.tables import MessageTables
from services.chassis.unit_of_work import Transactions
from services.cli.distributed import database_name
from services.cli.embedded import database_url
from services.cli.servers import PrivatePostgreSQL
from services.console.tables import messages as console
from services.identity.tables import messages as identity
from services.municipalities.tables import messages as municipalities
from services.notifications.tables import messages as notifications
from services.registry.domain.programmes import Programmes
from services.registry.programmes_file import read_programmes
from services.registry.tables import messages as registry
from services.shelters.tables import messages as shelters

TABLES: dict[str, MessageTables] = {
    "registry": registry,
    "shelters": shelters,
    "municipalities": municipalities,
    "notifications": notifications,
}


AUDITED: dict[str, MessageTables] = {**TABLES, "identity": identity, "console": console}
"""Beside them, the token endpoint and the console, which handle no messages."""


@asynccontextmanager
async def opened(url: str, service: str) -> AsyncIterator[Transactions]:
    """Transactions on this database of a service."""
    database = Database.connect(url, pool_size=1)
    try:
        # A command records no events of its own, so it has no source.
        yield Transactions(database, AUDITED[service].outbox, system_clock, system_identifiers, "")
    finally:
        await database.close()


def find_database(service: str, data: Path, *, only: bool = True) -> str:
    """Where the database of a service is.

    DOORSTROOM_<SERVICE>_DATABASE_URL names it, and when it is the `only` one that is needed, DOORSTROOM_DATABASE_URL
    does too; else it is the service's own in the folder. Raises UsageError.
    """
    names = [f"DOORSTROOM_{service.upper()}_DATABASE_URL", *(["DOORSTROOM_DATABASE_URL"] if only else [])]
    for name in names:
        if given := os.environ.get(name):
            return given
    if (data / f"{service}.sqlite3").exists():
        return database_url(data, service)
    running = PrivatePostgreSQL.running_in(data / "postgresql")
    if running is not None:
        return running.database_url(database_name(service))
    message = f"there is no database of {service} in {data}; give --data, or set {names[-1]}"
    raise click.UsageError(message)


def find_databases(data: Path) -> dict[str, str]:
    """Where those of all services are; the token endpoint and the console need not have one. Raises UsageError."""
    urls = {name: find_database(name, data, only=False) for name in TABLES}
    for name in AUDITED.keys() - TABLES.keys():
        try:
            urls[name] = find_database(name, data, only=False)
        except click.UsageError:
            click.echo(f"{name}: it has no database here", err=True)
    return urls


def programmes_in_use() -> Programmes:
    """How the registry's lists work, with the versions in DOORSTROOM_PROGRAMMES_FILE. Raises UsageError."""
    given = os.environ.get("DOORSTROOM_PROGRAMMES_FILE")
    try:
        return read_programmes(Path(given) if given else None)
    except (OSError, ValueError) as error:
        raise click.UsageError("DOORSTROOM_PROGRAMMES_FILE cannot be read as a file of programmes") from error
