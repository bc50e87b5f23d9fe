"""How a household left a list is looked up when it comes back."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_index("entries_by_case", "entries", ["case_id", "waitlist", "id"])
