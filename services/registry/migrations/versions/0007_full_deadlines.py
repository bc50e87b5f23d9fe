"""An offer knows the time to answer that it would have if no lease cut it short."""

import sqlalchemy as sa
from alembic import op

from services.chassis.database import UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    said = "if neither lease nor right ended before; empty when neither does"
    op.add_column("offers", sa.Column("full_deadline_at", UtcDateTime(), nullable=True, comment=said))
