"""The first schema."""

import sqlalchemy as sa
from alembic import op

from services.chassis.audit import create_audit_tables
from services.chassis.database import UtcDateTime
from services.chassis.first_schema import create_chassis_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_chassis_tables(op)
    waiting = sa.text("status = 'waiting'")
    op.create_index("quarantine_waiting", "quarantine", ["id"], postgresql_where=waiting, sqlite_where=waiting)
    create_audit_tables(op)
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text(), nullable=False, comment="SHA-256 of what is in the cookie"),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False, comment="last used, to the minute"),
        sa.Column("ends_at", UtcDateTime(), nullable=False, comment="whatever happens"),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="the tokens, encrypted with the key file and what is in the cookie",
        ),
        sa.Column("renewing_until", UtcDateTime(), comment="somebody gets new tokens for it; others wait until then"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("sessions_ends", "sessions", ["ends_at"])
    op.create_index("sessions_seen", "sessions", ["seen_at"])
