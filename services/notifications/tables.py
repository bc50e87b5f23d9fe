"""The notifications' tables."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, Table, Text, Uuid

from services.chassis.database import UtcDateTime
from services.chassis.idempotency import idempotency_keys_table
from services.chassis.tables import message_tables

metadata = MetaData()
messages = message_tables(metadata)
idempotency_keys = idempotency_keys_table(metadata)

recipients = Table(
    "recipients",
    metadata,
    Column("id", Text, primary_key=True, comment="the organisation"),
    Column("last_sequence", BigInteger, nullable=False),
)

subjects = Table(
    "subjects",
    metadata,
    Column("id", Uuid, primary_key=True, comment="what notifications were about, such as an offer"),
    Column("version", Integer, nullable=False, comment="of the newest event seen: an older one is no news"),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("recipient", ForeignKey("recipients.id"), nullable=False),
    Column("sequence", BigInteger, nullable=False, comment="rises by one for each recipient, in the order of commits"),
    Column("kind", Text, nullable=False),
    Column("subject", Uuid, nullable=False),
    Column("dataref", Text, nullable=False),
    Column("notified_at", UtcDateTime, nullable=False),
    Index("notifications_of_recipient", "recipient", "sequence", unique=True),
)
