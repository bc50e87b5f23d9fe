"""Those who stand aside are passed over as well, so a decision counts them among those ahead."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_IN_LINE = sa.text("state = 'waiting' OR state = 'paused'")
_PAUSED = sa.text("state = 'paused'")


def upgrade() -> None:
    op.drop_index("entries_in_line", "entries")
    order = ["waitlist", "precedence", "waiting_since", "lot", "id"]
    op.create_index("entries_in_line", "entries", order, postgresql_where=_IN_LINE, sqlite_where=_IN_LINE)
    op.create_index("entries_paused", "entries", ["waitlist"], postgresql_where=_PAUSED, sqlite_where=_PAUSED)
