"""The tables that every service has beside its own: what it must send, what it has seen, what it could not take."""

from dataclasses import dataclass

from sqlalchemy import Column, Index, Integer, MetaData, Table, Text, Uuid, text

from services.chassis.audit.tables import AuditTables, audit_tables
from services.chassis.database import UtcDateTime

_WAITING = text("status = 'waiting'")


@dataclass(frozen=True, slots=True)
class MessageTables:
    """Outbox, inbox, quarantine and audit log of one service, in its own database."""

    outbox: Table
    inbox: Table
    quarantine: Table
    audit: AuditTables


def message_tables(metadata: MetaData) -> MessageTables:
    """Declare them in a service's metadata."""
    outbox = Table(
        "outbox",
        metadata,
        Column("id", Uuid, primary_key=True, comment="the CloudEvent's id"),
        Column("routing_key", Text, nullable=False),
        Column("body", Text, nullable=False, comment="the CloudEvent, structured JSON"),
        Column("created_at", UtcDateTime, nullable=False),
        Column("claimed_until", UtcDateTime, comment="a relay is publishing it; others leave it alone until then"),
        Column("sent_at", UtcDateTime, comment="the broker confirmed this very message"),
        Index("outbox_unsent", "id", postgresql_where=text("sent_at IS NULL"), sqlite_where=text("sent_at IS NULL")),
        Index("outbox_sent", "sent_at"),
    )
    inbox = Table(
        "inbox",
        metadata,
        Column("id", Uuid, primary_key=True, comment="the CloudEvent's id"),
        Column("received_at", UtcDateTime, nullable=False),
        Index("inbox_received", "received_at"),
    )
    quarantine = Table(
        "quarantine",
        metadata,
        Column("id", Text, primary_key=True, comment="SHA-256 of the body: the same message is kept once"),
        Column("routing_key", Text, nullable=False),
        Column("message_id", Text, nullable=False),
        Column("body", Text, nullable=False, comment="base64: it may be any bytes"),
        Column("reason", Text, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("status", Text, nullable=False, comment="waiting, replayed or dropped"),
        Column("received_at", UtcDateTime, nullable=False),
        Index("quarantine_waiting", "id", postgresql_where=_WAITING, sqlite_where=_WAITING),
    )
    return MessageTables(outbox, inbox, quarantine, audit_tables(metadata))
