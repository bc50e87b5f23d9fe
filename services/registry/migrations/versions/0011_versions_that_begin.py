"""An offer names the version of the programme that made it, and a list the one by which it was looked through last."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    made = sa.Column(
        "policy", sa.Text, nullable=False, server_default="", comment="the version of the programme that made it"
    )
    seen = sa.Column(
        "policy",
        sa.Text,
        nullable=False,
        server_default="",
        comment="by which version what is free was looked at last",
    )
    op.add_column("offers", made)
    op.add_column("waitlists", seen)
