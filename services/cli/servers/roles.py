"""Who may do what on a PostgreSQL server: one role owns the tables, another one uses them, and neither is superuser.

`docs/runbook.md` says the same for a server of one's own.
"""

from collections.abc import Sequence

import asyncpg
from sqlalchemy import make_url

OWNER = "doorstroom_owner"
"""Makes and changes tables, as migrations do."""
APPLICATION = "doorstroom"
"""What the services are."""

_GROUPS = ("doorstroom_service", "doorstroom_confined")
_LOGINS = (OWNER, APPLICATION)

_GIVE_TO_OWNER = f"""
DO $$ DECLARE found record; BEGIN
  FOR found IN SELECT format('ALTER TABLE %I OWNER TO {OWNER}', tablename) AS change FROM pg_tables
    WHERE schemaname = 'public' AND tableowner <> '{OWNER}'
  UNION ALL SELECT format('ALTER FUNCTION %s OWNER TO {OWNER}', oid::regprocedure) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND proowner <> '{OWNER}'::regrole
  LOOP EXECUTE found.change; END LOOP;
END $$
"""  # noqa: S608 - names of ours


async def make_roles(maintenance_url: str) -> None:
    """Make the roles that are not there yet. The logins have the superuser's password: the server is private."""
    url = make_url(maintenance_url)
    connection = await asyncpg.connect(_dsn(maintenance_url), timeout=10)
    try:
        known = {row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
        for role in set(_GROUPS) - known:
            await connection.execute(f"CREATE ROLE {role}")
        for role in set(_LOGINS) - known:
            make = await connection.fetchval(
                "SELECT format($1, $2::text)", f"CREATE ROLE {role} LOGIN PASSWORD %L", url.password
            )
            await connection.execute(make)
            await connection.execute(f"GRANT {', '.join(_GROUPS)} TO {role}")
    finally:
        await connection.close()


async def make_databases(maintenance_url: str, names: Sequence[str]) -> None:
    """Make the roles and databases that are not there yet. What superusers own from before goes to the owner."""
    await make_roles(maintenance_url)
    connection = await asyncpg.connect(_dsn(maintenance_url), timeout=10)
    try:
        known = {row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")}
        for name in names:
            change = (
                f'ALTER DATABASE "{name}" OWNER TO {OWNER}'
                if name in known
                else f'CREATE DATABASE "{name}" OWNER {OWNER}'
            )
            await connection.execute(change)
    finally:
        await connection.close()
    for name in known.intersection(names):
        await _give_to_owner(make_url(maintenance_url).set(database=name).render_as_string(hide_password=False))


async def _give_to_owner(url: str) -> None:
    connection = await asyncpg.connect(_dsn(url), timeout=10)
    try:
        await connection.execute(_GIVE_TO_OWNER)
    finally:
        await connection.close()


def as_role(url: str, role: str) -> str:
    """The same address for one of the roles."""
    return make_url(url).set(username=role).render_as_string(hide_password=False)


def _dsn(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
