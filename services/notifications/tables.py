"""The notifications' tables."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)

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

_MAY_BE_DUE = text("due_at IS NOT NULL")

reminders = Table(
    "reminders",
    metadata,
    Column("id", Uuid, primary_key=True, comment="the offer that waits for an answer; gone once it is decided"),
    Column("recipient", Text, nullable=False),
    Column("list_kind", Text, nullable=False, comment="by which ladder"),
    Column("began_at", UtcDateTime, nullable=False),
    Column("deadline_at", UtcDateTime, nullable=False),
    Column("told_until", UtcDateTime, nullable=False, comment="every step up to then has been taken"),
    Column("due_at", UtcDateTime, comment="when to look at it next; null: there is no further step"),
    Index("reminders_due", "due_at", "id", postgresql_where=_MAY_BE_DUE, sqlite_where=_MAY_BE_DUE),
)

preferences = Table(
    "preferences",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("subject", Text, primary_key=True, comment="whose tokens have it as `sub`"),
    Column("language", Text, nullable=False),
    Column("quiet_begins", Text, comment="hours and minutes in the Netherlands; null: no quiet hours"),
    Column("quiet_ends", Text),
    Column("quiet_weekends", Boolean, nullable=False),
    Column("urgent_passes", Boolean, nullable=False),
    Column("absent_from", Date),
    Column("absent_until", Date, comment="the last day, included"),
    Column("substitute", Text, comment="a subject of the same organisation"),
)
