"""The tables in the code are those that the migrations make, and data of the first schema survives."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text

from services.chassis.clock import system_clock, system_identifiers
from services.chassis.database import Database
from services.chassis.migrations import migrate
from services.chassis.unit_of_work import Transactions
from services.console.tables import metadata as console
from services.identity.tables import metadata as identity
from services.municipalities import checks
from services.municipalities.domain.errors import Refused
from services.municipalities.domain.ledger import Kind
from services.municipalities.store import ledger as store
from services.municipalities.tables import messages, metadata
from services.notifications.tables import metadata as notifications
from services.registry.tables import metadata as registry
from services.shelters.tables import metadata as shelters

SERVICES = Path(__file__).parents[2] / "services"
TABLES = {
    "console": console,
    "identity": identity,
    "municipalities": metadata,
    "notifications": notifications,
    "registry": registry,
    "shelters": shelters,
}
CLAIMS = {"a": UUID(int=1), "b": UUID(int=2)}
JUNE, JULY = datetime(2026, 6, 20, 9, tzinfo=UTC), datetime(2026, 7, 3, 9, tzinfo=UTC)


def differences(connection: Connection, tables: MetaData) -> list[object]:
    """What a new migration would have to change. Comments on columns change nothing."""
    found = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), tables)
    changes = [change for item in found for change in (item if isinstance(item, list) else [item])]
    return [change for change in changes if change[0] != "modify_comment"]


@pytest.mark.parametrize("service", sorted(TABLES))
async def test_the_sum_of_the_migrations_is_the_tables(service: str, database_url: str) -> None:
    """Nobody changes a table without a migration."""
    database = Database.connect(database_url)
    await migrate(database, SERVICES / service / "migrations")
    async with database.changing_schema() as connection:
        assert not await connection.run_sync(differences, TABLES[service])
    await database.close()


def upgrade_to_first(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(SERVICES / "municipalities" / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "0001")


FIRST_LINES = (
    ("task", 40, None, "2026-H1", JUNE),
    ("claimed", 3, "a", "2026-H1", JUNE),
    ("claimed", 2, "b", "2026-H1", JUNE),
    ("housed", 3, "a", "2026-H2", JULY),
)


async def fill_first_schema(database: Database) -> None:
    """A quota, a claim that was housed in the next half-year, and one that is still open."""
    async with database.changing_schema() as connection:
        await connection.run_sync(upgrade_to_first)
        await connection.execute(text("INSERT INTO municipalities VALUES ('GM0344', 'Utrecht', 361699)"))
        for name, state, housed_at in (("a", "housed", JULY), ("b", "claimed", None)):
            values = {"id": CLAIMS[name].hex, "now": JUNE, "state": state, "housed_at": housed_at}
            if database.is_postgresql:
                values |= {"id": CLAIMS[name]}
            else:
                values |= {"now": str(JUNE)[:19], "housed_at": str(housed_at)[:19] if housed_at else None}
            await connection.execute(
                text(
                    "INSERT INTO slots VALUES (:id, :id, 'GM0344', 3, false, :now, :now, :state, :id, true, 1, 2, 2, 2)"
                ),
                {name: values[name] for name in ("id", "now", "state")},
            )
            people, half_year = (3, "2026-H2") if name == "a" else (2, "2026-H1")
            await connection.execute(
                text(
                    f"INSERT INTO claims VALUES (:id, :id, 'GM0344', :id, {people}, '{half_year}', :state,"
                    " :now, :housed_at)"
                ),
                values,
            )
        for kind, people, claim, half_year, moment in FIRST_LINES:
            key = None if claim is None else CLAIMS[claim]
            id_ = system_identifiers()
            await connection.execute(
                text(f"INSERT INTO ledger VALUES (:id, 'GM0344', '{half_year}', '{kind}', {people}, :claim, :now)"),
                {
                    "id": id_ if database.is_postgresql else id_.hex,
                    "claim": key if database.is_postgresql or key is None else key.hex,
                    "now": moment if database.is_postgresql else str(moment)[:19],
                },
            )


async def test_a_ledger_of_the_first_schema_becomes_double_entry(database_url: str) -> None:
    """Nothing is lost, nothing is counted twice, and the new ledger balances."""
    database = Database.connect(database_url)
    await fill_first_schema(database)
    await migrate(database, SERVICES / "municipalities" / "migrations")
    transactions = Transactions(database, messages.outbox, system_clock, system_identifiers, "", Refused)
    assert not await transactions.read(checks.findings)
    found = await transactions.read(
        lambda unit: store.positions(unit, datetime(2026, 8, 1, tzinfo=UTC), store.chosen("GM0344", None))
    )
    first, second = found["2026-H1", "GM0344"], found["2026-H2", "GM0344"]
    assert (first.task, first.claimed, first.housed) == (40, 2, 0)
    assert (second.task, second.claimed, second.housed) == (0, 0, 3)
    lines = await transactions.read(
        lambda unit: store.sums(unit, datetime(2026, 8, 1, tzinfo=UTC), store.chosen("GM0344", "2026-H1"))
    )
    assert {line.kind for line in lines} == {Kind.QUOTA, Kind.CLAIMED, Kind.CLAIM_CARRIED_OUT}
    await database.close()
