"""Subscriptions, with their secrets; deliveries of what they select, and each attempt."""

import sqlalchemy as sa
from alembic import op

from services.chassis.database import UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("notifications", sa.Column("list_kind", sa.Text()))
    _subscriptions()
    _secrets()
    _deliveries()
    _attempts()


def _where(condition: str) -> dict[str, object]:
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


def _subscriptions() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("sealed_address", sa.LargeBinary()),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("list_kinds", sa.Text(), nullable=False),
        sa.Column("by_subject", sa.Boolean(), nullable=False),
        sa.Column("throttle_per_minute", sa.Integer()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("planned_to", sa.BigInteger(), nullable=False),
        sa.Column("due_at", UtcDateTime()),
        sa.Column("blocked_until", UtcDateTime()),
        sa.Column("leased_by", sa.Text()),
        sa.Column("leased_until", UtcDateTime()),
        sa.Column("failing_since", UtcDateTime()),
        sa.Column("warned_at", UtcDateTime()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_index("subscriptions_of_organisation", "subscriptions", ["organisation", "id"])
    op.create_index("subscriptions_due", "subscriptions", ["due_at"], **_where("due_at IS NOT NULL"))
    op.create_index("subscriptions_disabled", "subscriptions", ["id"], **_where("state = 'disabled'"))


def _secrets() -> None:
    op.create_table(
        "subscription_secrets",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("subscription_id", sa.Uuid(), sa.ForeignKey("subscriptions.id"), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime()),
    )
    op.create_index("subscription_secrets_of_one", "subscription_secrets", ["subscription_id", "id"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("subscription_id", sa.Uuid(), sa.ForeignKey("subscriptions.id"), nullable=False),
        sa.Column("notification_id", sa.Uuid(), sa.ForeignKey("notifications.id"), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcDateTime()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime()),
    )
    pending = _where("state = 'pending'")
    op.create_index("deliveries_once", "deliveries", ["subscription_id", "notification_id"], unique=True)
    op.create_index("deliveries_due", "deliveries", ["subscription_id", "due_at", "sequence"], **pending)
    op.create_index("deliveries_in_order", "deliveries", ["subscription_id", "subject", "sequence"], **pending)
    op.create_index("deliveries_dead", "deliveries", ["id"], **_where("state = 'dead'"))
    op.create_index("deliveries_settled", "deliveries", ["settled_at"], **_where("settled_at IS NOT NULL"))


def _attempts() -> None:
    op.create_table(
        "delivery_attempts",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("delivery_id", sa.Uuid(), sa.ForeignKey("deliveries.id", ondelete="CASCADE"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("duration_milliseconds", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_index("delivery_attempts_of_one", "delivery_attempts", ["delivery_id", "number"], unique=True)
