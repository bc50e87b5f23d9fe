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
from services.cli.databases import find_database
from services.municipalities.settings import Settings
from services.municipalities.wiring import MUNICIPALITIES

Answer = TypeVar("Answer")
Work = Callable[[UnitOfWork], Awaitable[Answer]]


def settings_for(data: Path, *, create: bool = False) -> Settings:
    """The service's settings, with the database that DOORSTROOM_DATABASE_URL names, or else the one in the folder.

    With `create`, a folder or database that is not there yet is made. Raises UsageError.
    """
    if create and not os.environ.get("DOORSTROOM_DATABASE_URL"):
        make_place(data, "municipalities")
    url = find_database("municipalities", data)
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


def make_place(data: Path, service: str) -> None:
    """An empty database for the service to fill, where there is no installation yet."""
    file = data / f"{service}.sqlite3"
    if not file.exists() and not (data / "postgresql").exists():
        # What is stored is for its owner only.
        os.umask(0o077)
        data.mkdir(mode=0o711, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        click.echo(f"A new database is made in {data}/", err=True)
