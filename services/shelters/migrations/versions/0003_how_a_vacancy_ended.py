"""Units remember the vacancy that ended last, and how."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    how = "lapsed, withdrawn, facility_closed, no_show, departure"
    op.add_column("units", sa.Column("ended_vacancy_id", sa.Uuid(), comment="the episode before"))
    op.add_column("units", sa.Column("ended_by", sa.Text(), comment=how))
