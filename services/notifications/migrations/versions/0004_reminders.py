"""Offers that wait for an answer, and when somebody is reminded of them."""

import sqlalchemy as sa
from alembic import op

from services.chassis.database import UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "reminders",
        sa.Column(
            "id", sa.Uuid(), nullable=False, comment="the offer that waits for an answer; gone once it is decided"
        ),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("list_kind", sa.Text(), nullable=False, comment="by which ladder"),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("deadline_at", UtcDateTime(), nullable=False),
        sa.Column("told_until", UtcDateTime(), nullable=False, comment="every step up to then has been taken"),
        sa.Column("due_at", UtcDateTime(), comment="when to look at it next; null: there is no further step"),
        sa.PrimaryKeyConstraint("id"),
    )
    due = sa.text("due_at IS NOT NULL")
    op.create_index("reminders_due", "reminders", ["due_at", "id"], postgresql_where=due, sqlite_where=due)
