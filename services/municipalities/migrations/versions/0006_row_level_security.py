"""Whoever acts for one organisation sees on PostgreSQL only what is that organisation's."""

from alembic import op

from services.chassis.row_policies import begin_row_security, own

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    rows = {table: own("municipality_code") for table in ("slots", "claims", "ledger")}
    rows["quota_swaps"] = "{} OR {}".format(own("from_code"), own("to_code"))
    begin_row_security(op, rows)
