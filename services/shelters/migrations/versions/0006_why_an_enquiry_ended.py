"""Enquiries remember why the registry ended them; of those that ended before, nobody knows it any more."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("enquiries", sa.Column("end_reason", sa.Text(), comment="the registry's"))
