"""Brings a service's database to the newest schema, with Alembic, once and from one process at a time."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from services.chassis.database import Database

_LOCK_KEY = 0x646F6F72
"""Any number, the same in every process: replicas that start together migrate one after another."""


async def migrate(database: Database, folder: Path) -> None:
    """Apply the migrations in `folder` that this database does not have. Raises DatabaseUnavailable."""
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    async with database.changing_schema() as connection:
        if database.is_postgresql:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        await connection.run_sync(_upgrade, config)


def _upgrade(connection: Connection, config: Config) -> None:
    newest = ScriptDirectory.from_config(config).get_current_head()
    if MigrationContext.configure(connection).get_current_revision() == newest:
        return
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
