"""Households that were recorded in a unit after the fact."""

import sqlalchemy as sa
from alembic import op

from services.chassis.database import UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    later = "recorded after the fact; what says so may arrive later"
    op.create_table(
        "ended_placements",
        sa.Column("id", sa.Uuid(), primary_key=True, comment=later),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
    )
