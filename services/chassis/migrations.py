"""Brings a service's database to the newest schema, with Alembic, once and from one process at a time."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from services.chassis.database import Database
from services.chassis.database.row_security import CONFINED, MAY_CONFINE, SERVICE
from services.chassis.errors import Unavailable

_LOCK_KEY = 0x646F6F72
"""Any number, the same in every process: replicas that start together migrate one after another."""


class RolesMissing(Unavailable):
    """The server lacks what keeps organisations apart in it."""


async def migrate(database: Database, folder: Path) -> None:
    """Apply the migrations in `folder` that this database does not have. Raises DatabaseUnavailable or RolesMissing."""
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    if database.is_postgresql:
        await _check_roles(database)
    async with database.changing_schema() as connection:
        if database.is_postgresql:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        await connection.run_sync(_upgrade, config)


async def _check_roles(database: Database) -> None:
    async with database.reading() as connection:
        if not (await connection.execute(text(MAY_CONFINE))).one().answer:
            raise RolesMissing(
                f"The database's roles {SERVICE} and {CONFINED} must be there, and its user a member of both: see "
                "docs/runbook.md, the roles of a database."
            )


def _upgrade(connection: Connection, config: Config) -> None:
    newest = ScriptDirectory.from_config(config).get_current_head()
    if MigrationContext.configure(connection).get_current_revision() == newest:
        return
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
