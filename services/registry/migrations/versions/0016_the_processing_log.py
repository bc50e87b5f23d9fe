"""The processing log: what was done with the data of each data subject."""

import sqlalchemy as sa
from alembic import op

from services.chassis.database import UtcDateTime

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "processing_log",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("span_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("processing_activity", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
    )
    op.create_index("processing_log_of_subject", "processing_log", ["subject", "id"])
