"""The first schema."""

import sqlalchemy as sa
from alembic import op

from services.chassis.database import UtcDateTime
from services.chassis.first_schema import create_chassis_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_chassis_tables(op)
    op.create_table(
        "recipients",
        sa.Column("id", sa.Text(), nullable=False, comment="the organisation"),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "subjects",
        sa.Column("id", sa.Uuid(), nullable=False, comment="what notifications were about, such as an offer"),
        sa.Column("version", sa.Integer(), nullable=False, comment="of the newest event seen: an older one is no news"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column(
            "sequence",
            sa.BigInteger(),
            nullable=False,
            comment="rises by one for each recipient, in the order of commits",
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("dataref", sa.Text(), nullable=False),
        sa.Column("notified_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recipient"],
            ["recipients.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("notifications_of_recipient", "notifications", ["recipient", "sequence"], unique=True)
