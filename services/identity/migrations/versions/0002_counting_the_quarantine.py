"""The chassis's tables as they are by now: how many messages wait in quarantine is counted for the metrics."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    waiting = sa.text("status = 'waiting'")
    op.create_index("quarantine_waiting", "quarantine", ["id"], postgresql_where=waiting, sqlite_where=waiting)
