"""What people prefer."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "preferences",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="whose tokens have it as `sub`"),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("quiet_begins", sa.Text(), comment="hours and minutes in the Netherlands; null: no quiet hours"),
        sa.Column("quiet_ends", sa.Text()),
        sa.Column("quiet_weekends", sa.Boolean(), nullable=False),
        sa.Column("urgent_passes", sa.Boolean(), nullable=False),
        sa.Column("absent_from", sa.Date()),
        sa.Column("absent_until", sa.Date(), comment="the last day, included"),
        sa.Column("substitute", sa.Text(), comment="a subject of the same organisation"),
        sa.PrimaryKeyConstraint("organisation", "subject"),
    )
