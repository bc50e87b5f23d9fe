"""When an offer was accepted is kept after they have arrived, so that it can be told how long it took."""

import sqlalchemy as sa
from alembic import op

from services.chassis.database import UtcDateTime

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("offers", sa.Column("accepted_at", UtcDateTime()))
    op.execute("UPDATE offers SET accepted_at = decided_at WHERE state = 'accepted'")
