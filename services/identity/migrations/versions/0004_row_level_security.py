"""Whoever acts for one organisation sees on PostgreSQL only what is that organisation's."""

from alembic import op

from services.chassis.row_policies import begin_row_security

revision = "0004"
down_revision = "0003"

_OWN = ("clients", "client_keys", "used_assertions", "signing_keys")


def upgrade() -> None:
    begin_row_security(op, {}, hidden=_OWN)
