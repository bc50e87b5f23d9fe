"""Whose preferences count where something is brought to a person."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    person = sa.Column("person", sa.Text(), comment="whose preferences count, a subject; null: no person's")
    op.add_column("subscriptions", person)
