"""A session at whose pages nobody moves is locked: it hears that there is something, and sees nothing."""

import sqlalchemy as sa
from alembic import op

from services.chassis.database import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "sessions",
        sa.Column(
            "locked_at", UtcDateTime(), comment="from then on it hears that there is something, and sees nothing"
        ),
    )
