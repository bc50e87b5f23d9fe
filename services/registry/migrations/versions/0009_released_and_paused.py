"""That an entry is released by an acceptance elsewhere stands beside the pause that it has of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_entries = sa.table("entries", sa.column("pause_reason"), sa.column("released"))
_RELEASED = sa.text("state = 'paused' AND released")


def upgrade() -> None:
    said = "by an acceptance elsewhere"
    op.add_column("entries", sa.Column("released", sa.Boolean, nullable=False, server_default=sa.false(), comment=said))
    elsewhere = _entries.c.pause_reason == "accepted-elsewhere"
    op.execute(_entries.update().where(elsewhere).values(released=True, pause_reason=None))
    op.drop_index("entries_released", "entries")
    op.create_index("entries_released", "entries", ["case_id"], postgresql_where=_RELEASED, sqlite_where=_RELEASED)
