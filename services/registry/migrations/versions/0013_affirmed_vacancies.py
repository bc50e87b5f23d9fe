"""A vacancy knows when its owner last said something of it again: a silence before that is no answer any more."""

import sqlalchemy as sa
from alembic import op

from services.chassis.database import UtcDateTime

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    comment = "when its owner last said something of it again"
    op.add_column("vacancies", sa.Column("affirmed_at", UtcDateTime(), comment=comment))
