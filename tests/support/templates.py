"""Databases with every service's tables, made once and copied for each test: migrating takes longer than the test."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from sqlalchemy import make_url

from services.cli.embedded import SERVICES, database_url
from services.cli.servers.roles import APPLICATION, OWNER, as_role, make_databases
from tests.support.world import World

NAMES = tuple(definition.name for definition in SERVICES)


def make_sqlite_template(folder: Path) -> Path:
    """Migrate every service's SQLite database in this folder."""
    run_to_its_end(_migrate(sqlite_urls(folder)))
    return folder


def sqlite_copy(template: Path, folder: Path) -> dict[str, str]:
    """Fresh databases in another folder, by service."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        shutil.copyfile(template / f"{name}.sqlite3", folder / f"{name}.sqlite3")
    return sqlite_urls(folder)


def sqlite_urls(folder: Path) -> dict[str, str]:
    return {name: database_url(folder, name) for name in NAMES}


def make_postgresql_template(maintenance_url: str) -> dict[str, str]:
    """Migrate a database of every service on this server, and give their names."""
    names = {name: f"template_{name}_{secrets.token_hex(4)}" for name in NAMES}
    run_to_its_end(_make_postgresql_template(maintenance_url, names))
    return names


@asynccontextmanager
async def postgresql_copy(maintenance_url: str, templates: dict[str, str]) -> AsyncIterator[dict[str, str]]:
    """Fresh databases by service, for who uses and does not own them; dropped afterwards."""
    names = {name: f"test_{secrets.token_hex(8)}" for name in templates}
    await _execute(maintenance_url, [f"CREATE DATABASE {names[name]} TEMPLATE {templates[name]}" for name in names])
    try:
        yield {name: as_role(_url(maintenance_url, database), APPLICATION) for name, database in names.items()}
    finally:
        await _execute(maintenance_url, [f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in names.values()])


def run_to_its_end(work: Coroutine[object, object, None]) -> None:
    """Run to its end, also when a fixture is made while a test's event loop is running."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def _make_postgresql_template(maintenance_url: str, names: dict[str, str]) -> None:
    await make_databases(maintenance_url, list(names.values()))
    await _migrate({name: as_role(_url(maintenance_url, database), OWNER) for name, database in names.items()})


async def _migrate(urls: dict[str, str]) -> None:
    world = World(urls)
    await world.open()
    await world.close()


def _url(maintenance_url: str, database: str) -> str:
    return make_url(maintenance_url).set(database=database).render_as_string(hide_password=False)


async def _execute(maintenance_url: str, statements: list[str]) -> None:
    dsn = make_url(maintenance_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncio.wait_for(asyncpg.connect(dsn), 10)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
