"""Providers are told in time of leases that end; of those that run already, too."""

import sqlalchemy as sa
from alembic import op

from services.chassis.database import UtcDateTime

revision = "0010"
down_revision = "0009"

WATCHED = sa.text("state IN ('free', 'held') AND lease_watched")


def upgrade() -> None:
    op.add_column(
        "units", sa.Column("lease_began_at", UtcDateTime, comment="when its provider last said that it is free")
    )
    words = sa.Column(
        "lease_words", sa.Integer, nullable=False, server_default="0", comment="odd: its provider was told of its end"
    )
    op.add_column("units", words)
    watched = sa.Column(
        "lease_watched", sa.Boolean, nullable=False, server_default=sa.true(), comment="nothing was said of it yet"
    )
    op.add_column("units", watched)
    op.create_index(
        "units_watched", "units", ["lease_expires_at", "id"], postgresql_where=WATCHED, sqlite_where=WATCHED
    )
