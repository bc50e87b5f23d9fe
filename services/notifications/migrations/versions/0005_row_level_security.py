"""Whoever acts for one organisation sees on PostgreSQL only what is that organisation's."""

from alembic import op

from services.chassis.row_policies import begin_row_security, own

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    rows = {"recipients": own("id"), "notifications": own("recipient")}
    begin_row_security(op, rows, hidden=("subjects", "reminders"))
