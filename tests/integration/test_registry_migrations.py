"""Cases of the first schema survive: their households become people, and nobody's consent is made up."""

from pathlib import Path
from uuid import UUID

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, func, select, text

from services.chassis.clock import system_clock, system_identifiers
from services.chassis.database import Database
from services.chassis.migrations import migrate
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.registry.domain.errors import Refused
from services.registry.domain.households import profile_of
from services.registry.store.cases import find_case
from services.registry.store.codec import decode_profile
from services.registry.store.households import household_of
from services.registry.tables import consents, messages

MIGRATIONS = Path(__file__).parents[2] / "services" / "registry" / "migrations"
CASE = UUID(int=7)
PROFILE = '{"adults":2,"ageBand":"23-plus","children":3,"needs":["medical"],"sex":"male","wheelchair":true}'


def first_schema(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "0001")
    id_ = CASE.hex if connection.dialect.name == "sqlite" else str(CASE)
    row = f"('{id_}', 'mine', '{PROFILE}', '2026-01-01 00:00:00+00:00')"
    connection.execute(
        text(f"INSERT INTO cases (id, coordinator, profile, created_at) VALUES {row}".replace(":", r"\:"))
    )


async def test_households_that_were_numbers_become_people(database_url: str) -> None:
    """What eligibility looks at is the same when it is derived from them, and nothing may be passed on anew."""
    database = Database.connect(database_url)
    async with database.changing_schema() as connection:
        await connection.run_sync(first_schema)
    await migrate(database, MIGRATIONS)
    transactions = Transactions(database, messages.outbox, system_clock, system_identifiers, "", Refused)

    async def look(unit: UnitOfWork) -> None:
        case = await find_case(unit, CASE, "mine")
        assert profile_of(await household_of(unit, case)) == decode_profile(case["profile"])
        assert (await unit.execute(select(func.count().label("count")).select_from(consents))).one().count == 0

    await transactions.read(look)
    await database.close()
