"""Draws between those who have waited equally long."""

import sqlalchemy as sa
from alembic import op

from services.chassis.database import UtcDateTime

revision = "0006"
down_revision = "0005"

_WAITING = "state = 'waiting'"
_NO_LOT = "0" * 32


def upgrade() -> None:
    op.create_table(
        "draws",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("waitlist", sa.Text(), sa.ForeignKey("waitlists.id"), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False, comment="secret until it is published"),
        sa.Column("committed_at", UtcDateTime(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
    )
    running = sa.text("published_at IS NULL")
    op.create_index("draws_running", "draws", ["waitlist"], unique=True, postgresql_where=running, sqlite_where=running)
    drawn = "in a draw between those who have waited equally long"
    op.add_column("entries", sa.Column("lot", sa.Uuid(), nullable=False, server_default=_NO_LOT, comment=drawn))
    for name, first in (("entries_next_of_profile", "profile_id"), ("entries_in_line", "waitlist")):
        _in_order(name, first)


def _in_order(name: str, first: str) -> None:
    op.drop_index(name, "entries")
    waiting = sa.text(_WAITING)
    columns = [first, "precedence", "waiting_since", "lot", "id"]
    op.create_index(name, "entries", columns, postgresql_where=waiting, sqlite_where=waiting)
