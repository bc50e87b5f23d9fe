"""Where the audit log is kept, in the database of each service."""

from dataclasses import dataclass

import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy import BigInteger, Column, Index, MetaData, SmallInteger, Table, Text, Uuid

from services.chassis.database import UtcDateTime


@dataclass(frozen=True, slots=True)
class AuditTables:
    """What happened and is not sealed yet, and the log itself."""

    pending: Table
    log: Table


def _what_happened() -> list[Column[object]]:
    return [
        Column("started_at", UtcDateTime, nullable=False, comment="when it was asked"),
        Column("at", UtcDateTime, nullable=False, comment="when it was done or refused"),
        Column("action", Text, nullable=False, comment="the operation's id, or the command"),
        Column("result", Text, nullable=False, comment="done, repeated, refused or failed"),
        Column("status", SmallInteger, nullable=False, comment="of HTTP, or the command's exit code"),
        Column("objects", Text, nullable=False, comment="JSON: the ids in the path, by name"),
        Column("cases", Text, nullable=False, comment="JSON list: the cases that were read or changed"),
        Column("subject", Text, comment="the actor: the token's sub"),
        Column("organisation", Text),
        Column("role", Text),
        Column("origin", Text, nullable=False, comment="api, command or service"),
        Column("request_id", Text),
        Column("trace_id", Text, nullable=False),
    ]


def audit_tables(metadata: MetaData) -> AuditTables:
    """Declare the two tables in a service's metadata."""
    pending = Table("audit_pending", metadata, Column("id", Uuid, primary_key=True), *_what_happened())
    log = Table(
        "audit_log",
        metadata,
        # Given out by whoever seals, one after the other: a gap is a line that was removed.
        Column("sequence", BigInteger, primary_key=True, autoincrement=False),
        Column("id", Uuid, nullable=False),
        *_what_happened(),
        Column("digest", Text, nullable=False, comment="SHA-256 of the digest before and of this line"),
        Index("audit_log_once", "id", unique=True),
        Index("audit_log_at", "at"),
    )
    return AuditTables(pending, log)


def create_audit_tables(op: Operations) -> None:
    """Make them, as a step of a service's migrations. Frozen: later changes are new migrations."""
    op.create_table("audit_pending", sa.Column("id", sa.Uuid(), primary_key=True), *_first_columns())
    op.create_table(
        "audit_log",
        sa.Column("sequence", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *_first_columns(),
        sa.Column("digest", sa.Text(), nullable=False),
    )
    op.create_index("audit_log_once", "audit_log", ["id"], unique=True)
    op.create_index("audit_log_at", "audit_log", ["at"])
    _forbid_changes(op)


def _first_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("objects", sa.Text(), nullable=False),
        sa.Column("cases", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text()),
        sa.Column("organisation", sa.Text()),
        sa.Column("role", sa.Text()),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text()),
        sa.Column("trace_id", sa.Text(), nullable=False),
    ]


def _forbid_changes(op: Operations) -> None:
    """The database itself refuses to change or remove a line."""
    message = "the audit log is only added to"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{message}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_log_only_added_to BEFORE UPDATE OR DELETE ON audit_log "
            "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()"
        )
        op.execute(
            "CREATE TRIGGER audit_log_not_emptied BEFORE TRUNCATE ON audit_log "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_log_no_{change.lower()} BEFORE {change} ON audit_log "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
