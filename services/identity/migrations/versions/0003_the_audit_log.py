"""The audit log: who did or asked what."""

from alembic import op

from services.chassis.audit import create_audit_tables

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    create_audit_tables(op)
