"""Whoever acts for one organisation sees on PostgreSQL only what is that organisation's."""

from alembic import op

from services.chassis.row_policies import begin_row_security, own, through

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    rows = {table: own("organisation") for table in ("preferences", "subscriptions")}
    rows |= {"recipients": own("id"), "notifications": own("recipient")}
    rows |= {table: through("subscription_id", "subscriptions") for table in ("subscription_secrets", "deliveries")}
    rows["delivery_attempts"] = through("delivery_id", "deliveries")
    begin_row_security(op, rows, hidden=("subjects", "reminders"))
