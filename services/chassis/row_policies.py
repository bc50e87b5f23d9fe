"""Row-level security as a step of a service's migrations. Frozen: later changes are new migrations.

What the two roles are for, says `services.chassis.database.row_security`. SQLite knows neither roles nor policies:
there our own filters stand alone.
"""

from collections.abc import Mapping

from alembic.operations import Operations

_ROLES = ("doorstroom_service", "doorstroom_confined")
_NOTHING = "false"


def own(column: str) -> str:
    """Rows that have the organisation in this column."""
    return f"{column} = current_setting('doorstroom.organisation', true)"


def through(column: str, table: str) -> str:
    """Rows that belong to a row of this table which the organisation sees."""
    return f"{column} IN (SELECT id FROM {table})"  # noqa: S608 - names of ours, in a migration


_CHASSIS = {
    "idempotency_keys": own("organisation"),
    "outbox": _NOTHING,
    "inbox": _NOTHING,
    "quarantine": _NOTHING,
    "audit_pending": _NOTHING,
    "audit_log": _NOTHING,
}
_ADDED_TO = ("outbox", "audit_pending")
"""What a request may add to, and not read."""


def begin_row_security(op: Operations, rows: Mapping[str, str], hidden: tuple[str, ...] = ()) -> None:
    """Let whoever acts for one organisation see of each of these tables the rows with this condition, and no others.

    Of `hidden` tables they see nothing. Of a table that is not named here they see everything: it is nobody's.
    """
    if op.get_bind().dialect.name != "postgresql":
        return
    _make_roles(op)
    _grant(op)
    for table, condition in {**_CHASSIS, **rows, **dict.fromkeys(hidden, _NOTHING)}.items():
        protect(op, table, condition)
    for table in _ADDED_TO:
        op.execute(f"CREATE POLICY added ON {table} FOR INSERT TO doorstroom_confined WITH CHECK (true)")


def protect(op: Operations, table: str, condition: str) -> None:
    """Show of this table only rows with this condition to who acts for one organisation; on PostgreSQL only."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY service ON {table} TO doorstroom_service USING (true)")
    op.execute(f"CREATE POLICY own ON {table} TO doorstroom_confined USING ({condition})")


def _make_roles(op: Operations) -> None:
    """Make what an administrator has not made before. They belong to the server: another service may be quicker."""
    for role in _ROLES:
        op.execute(
            f"DO $$ BEGIN IF to_regrole('{role}') IS NULL THEN "
            f"CREATE ROLE {role}; EXECUTE format('GRANT {role} TO %I', current_user); END IF; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )


def _grant(op: Operations) -> None:
    """What is there, and whatever will be made by the same owner."""
    rights = "SELECT, INSERT, UPDATE, DELETE ON"
    for role in _ROLES:
        op.execute(f"GRANT {rights} ALL TABLES IN SCHEMA public TO {role}")
        op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {rights} TABLES TO {role}")
        op.execute(f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}")
