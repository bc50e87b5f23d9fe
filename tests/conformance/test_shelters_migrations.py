"""The shelters' migrations, on both databases: what they make of an older installation."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, column, insert, select, table, text

from services.chassis.clock import system_clock, system_identifiers
from services.chassis.database import Database
from services.chassis.migrations import migrate
from services.chassis.unit_of_work import Transactions
from services.shelters import tables
from services.shelters.checks import findings
from services.shelters.domain.errors import Refused

Found = TypeVar("Found")

MIGRATIONS = Path(tables.__file__).parent / "migrations"
FREED_AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
IDS = [UUID(int=number) for number in range(1, 6)]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An empty database."""
    database = Database.connect(database_url)
    yield database
    await database.close()


async def run(database: Database, work: Callable[[Connection], Found]) -> Found:
    async with database.changing_schema() as connection:
        return await connection.run_sync(work)


def upgrade_to(revision: str) -> Callable[[Connection], None]:
    def upgrade(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    return upgrade


async def test_who_lives_in_a_unit_already_has_a_stay_after_the_update(database: Database) -> None:
    """An installation of the first schema keeps its rows, and they obey today's rules."""
    await run(database, upgrade_to("0001"))
    await run(database, _live_in_a_unit)
    await migrate(database, MIGRATIONS)
    transactions = Transactions(
        database, tables.messages.outbox, system_clock, system_identifiers, "urn:nld:kvknr:00000000.shelters", Refused
    )
    assert await transactions.read(findings) == []
    async with database.reading() as connection:
        (stay,) = await connection.execute(select(tables.stays))
        (unit,) = await connection.execute(select(tables.units))
    assert (stay["unit_id"], stay["vacancy_id"], stay["offer_id"], stay["arrived_at"]) == (*IDS[2:5], FREED_AT)
    assert (unit["state"], unit["secrecy"], unit["turnaround_seconds"], unit["closed"]) == (
        "occupied",
        "secret",
        0,
        False,
    )


@pytest.mark.parametrize("second", [FREED_AT, FREED_AT.replace(microsecond=7)], ids=["full", "parts"])
async def test_departures_of_before_are_compared_as_every_other_moment(database: Database, second: datetime) -> None:
    """SQLite had them in a text of another form, which sorts before the moment that it means."""
    await run(database, upgrade_to("0001"))
    await run(database, _live_in_a_unit)
    await run(database, upgrade_to("0004"))
    departed_at = second if database.is_postgresql else str(second)
    left = text("UPDATE stays SET departed_at = :departed_at, departure_reason = 'other'")
    await run(database, lambda connection: connection.execute(left, {"departed_at": departed_at}))
    await migrate(database, MIGRATIONS)
    departure = tables.stays.c.departed_at
    async with database.reading() as connection:
        (stay,) = await connection.execute(select(tables.stays).where(departure >= second, departure <= second))
    assert stay["departed_at"] == second


def _live_in_a_unit(connection: Connection) -> None:
    """Rows as the first schema had them: with lightweight tables, which know no later column."""
    provider, facility, unit, vacancy, offer = IDS
    owner, moments = (
        {"organisation": "one"},
        dict.fromkeys(("freed_at", "available_from", "lease_expires_at"), FREED_AT),
    )
    description = {"programme": "cosm", "places": 2, "accepts": "{}", "serves": "{}", "state": "occupied"}
    episode = {"vacancy_id": vacancy, "offer_id": offer, "version": 3, "allocation_version": 2}
    rows = (
        (tables.providers, {"id": provider}),
        (tables.facilities, {"id": facility, "provider_id": provider}),
        (tables.units, {"id": unit, "facility_id": facility} | description | episode | moments),
    )
    for full, row in rows:
        values = row | owner
        connection.execute(
            insert(table(full.name, *(column(name, full.c[name].type) for name in values))).values(values)
        )
