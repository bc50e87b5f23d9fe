"""Departures are written as every other moment: SQLite had them with an offset, and compares moments as texts."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    # 2026-10-25 23:00:00+00:00 becomes 2026-10-25 23:00:00.000000; six digits that are there already stay.
    op.execute(
        "UPDATE stays SET departed_at = substr(substr(departed_at, 1, length(departed_at) - 6) || '.000000', 1, 26)"
        " WHERE departed_at LIKE '%+00:00'"
    )
