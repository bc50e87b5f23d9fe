"""Where the commands about municipalities and quotas find the database, and how they work on it."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click
from pydantic import SecretStr, ValidationError

from services.chassis.broker.memory import InProcessBroker
from services.chassis.settings import Mode
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.wiring import Surroundings, topology
from services.cli.embedded import database_url
from services.municipalities.settings import Settings
from services.municipalities.wiring import MUNICIPALITIES

Answer = TypeVar("Answer")
Work = Callable[[UnitOfWork], Awaitable[Answer]]

DATA = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var"),
    show_default=True,
    help="The folder with the databases of the embedded mode.",
)


def settings_for(data: Path, *, create: bool = False) -> Settings:
    """The service's settings, with the database that DOORSTROOM_DATABASE_URL names, or else the one in the folder.

    With `create`, a folder or database that is not there yet is made. Raises UsageError.
    """
    url = os.environ.get("DOORSTROOM_DATABASE_URL") or _embedded_url(data, create=create)
    try:
        return Settings(mode=Mode.EMBEDDED, database_url=SecretStr(url))
    except ValidationError as error:
        names = ", ".join(f"DOORSTROOM_{'_'.join(map(str, item['loc'])).upper()}" for item in error.errors())
        raise click.UsageError(f"these settings are not valid: {names}") from error


def work_on(settings: Settings, work: Work[Answer]) -> Answer:
    """Do one piece of work in one transaction, on a database that is brought to the newest schema first."""
    return asyncio.run(_transact(settings, work))


async def _transact(settings: Settings, work: Work[Answer]) -> Answer:
    broker = InProcessBroker(topology(settings.broker_prefix, []))
    service = MUNICIPALITIES.build(settings, Surroundings(broker))
    try:
        await service.migrate()
        return await service.transactions.run(work)
    finally:
        await service.transactions.database.close()


def _embedded_url(data: Path, *, create: bool) -> str:
    if not (data / "municipalities.sqlite3").exists():
        if not create:
            message = f"there is no database of municipalities in {data}; give --data, or set DOORSTROOM_DATABASE_URL"
            raise click.UsageError(message)
        # What is stored is for its owner only.
        os.umask(0o077)
        data.mkdir(mode=0o711, parents=True, exist_ok=True)
        click.echo(f"A new database is made in {data}/", err=True)
    return database_url(data, "municipalities")
