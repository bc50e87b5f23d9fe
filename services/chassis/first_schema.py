"""The chassis's own tables as each service's first migration makes them. Frozen: later changes are new migrations."""

import sqlalchemy as sa
from alembic.operations import Operations

from services.chassis.database import UtcDateTime


def create_chassis_tables(op: Operations) -> None:
    """Make the outbox, the inbox, the quarantine and the idempotency keys."""
    _create_outbox(op)
    _create_inbox(op)
    _create_quarantine(op)
    _create_idempotency_keys(op)


def _create_outbox(op: Operations) -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False, comment="the CloudEvent's id"),
        sa.Column("routing_key", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="the CloudEvent, structured JSON"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("claimed_until", UtcDateTime(), comment="a relay is publishing it; others leave it alone until then"),
        sa.Column("sent_at", UtcDateTime(), comment="the broker confirmed this very message"),
        sa.PrimaryKeyConstraint("id"),
    )
    unsent = sa.text("sent_at IS NULL")
    op.create_index("outbox_unsent", "outbox", ["id"], postgresql_where=unsent, sqlite_where=unsent)
    op.create_index("outbox_sent", "outbox", ["sent_at"])


def _create_inbox(op: Operations) -> None:
    op.create_table(
        "inbox",
        sa.Column("id", sa.Uuid(), nullable=False, comment="the CloudEvent's id"),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("inbox_received", "inbox", ["received_at"])


def _create_quarantine(op: Operations) -> None:
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Text(), nullable=False, comment="SHA-256 of the body: the same message is kept once"),
        sa.Column("routing_key", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="base64: it may be any bytes"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, comment="waiting, replayed or dropped"),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _create_idempotency_keys(op: Operations) -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of method, path and body"),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("headers", sa.Text(), nullable=False, comment="JSON object of the answer's own headers"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "subject", "key"),
    )
    op.create_index("idempotency_keys_created", "idempotency_keys", ["created_at"])
