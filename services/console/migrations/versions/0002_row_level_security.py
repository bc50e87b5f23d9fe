"""Whoever acts for one organisation sees nothing here on PostgreSQL: no request of the APIs does."""

from alembic import op

from services.chassis.row_policies import begin_row_security

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    begin_row_security(op, {}, hidden=("sessions",))
