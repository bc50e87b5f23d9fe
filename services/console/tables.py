"""The console's tables: who is signed in, and nothing else of its own."""

from sqlalchemy import Column, Index, LargeBinary, MetaData, Table, Text

from services.chassis.database import UtcDateTime
from services.chassis.idempotency import idempotency_keys_table
from services.chassis.tables import message_tables

metadata = MetaData()
messages = message_tables(metadata)
idempotency_keys = idempotency_keys_table(metadata)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True, comment="SHA-256 of what is in the cookie"),
    Column("began_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False, comment="last used, to the minute"),
    Column("ends_at", UtcDateTime, nullable=False, comment="whatever happens"),
    Column(
        "sealed",
        LargeBinary,
        nullable=False,
        comment="the tokens, encrypted with the key file and what is in the cookie",
    ),
    Column("renewing_until", UtcDateTime, comment="somebody gets new tokens for it; others wait until then"),
    Column("locked_at", UtcDateTime, comment="from then on it hears that there is something, and sees nothing"),
    Index("sessions_ends", "ends_at"),
    Index("sessions_seen", "seen_at"),
)
