"""The municipalities' tables. The ledger is only added to; unique indexes keep anything from being counted twice."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, MetaData, SmallInteger, Table, Text, Uuid, text

from services.chassis.database import UtcDateTime
from services.chassis.idempotency import idempotency_keys_table
from services.chassis.tables import message_tables

metadata = MetaData()
messages = message_tables(metadata)
idempotency_keys = idempotency_keys_table(metadata)

_TASK = text("kind = 'task'")
_OF_CLAIM = text("claim_id IS NOT NULL")

municipalities = Table(
    "municipalities",
    metadata,
    Column("code", Text, primary_key=True, comment="the CBS code, also the id of the organisation"),
    Column("name", Text, nullable=False),
    Column("inhabitants", Integer, nullable=False),
)

slots = Table(
    "slots",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("vacancy_id", Uuid, nullable=False),
    Column("municipality_code", ForeignKey("municipalities.code"), nullable=False),
    Column("places", SmallInteger, nullable=False),
    Column("wheelchair", Boolean, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("available_from", UtcDateTime, nullable=False),
    Column("state", Text, nullable=False),
    Column("offer_id", Uuid),
    Column("accepted", Boolean, nullable=False),
    Column("adults", SmallInteger),
    Column("children", SmallInteger),
    Column("version", Integer, nullable=False),
    Column("allocation_version", Integer, nullable=False),
    Index("slots_vacancy", "vacancy_id", unique=True),
    Index("slots_by_municipality", "municipality_code", "id"),
)

claims = Table(
    "claims",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("slot_id", ForeignKey("slots.id"), nullable=False),
    Column("municipality_code", ForeignKey("municipalities.code"), nullable=False),
    Column("offer_id", Uuid, nullable=False),
    Column("people", SmallInteger, nullable=False),
    Column("half_year", Text, nullable=False, comment="in which it was claimed, and then in which it counted"),
    Column("state", Text, nullable=False),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("housed_at", UtcDateTime),
    Index("claims_slot", "slot_id", unique=True),
    Index("claims_by_municipality", "municipality_code", "id"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("municipality_code", ForeignKey("municipalities.code"), nullable=False),
    Column("half_year", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("people", Integer, nullable=False),
    Column("claim_id", ForeignKey("claims.id")),
    Column("recorded_at", UtcDateTime, nullable=False),
    Index("ledger_of_quota", "half_year", "municipality_code"),
    Index("ledger_one_task", "municipality_code", "half_year", unique=True, postgresql_where=_TASK, sqlite_where=_TASK),
    Index("ledger_once_per_claim", "claim_id", "kind", unique=True, postgresql_where=_OF_CLAIM, sqlite_where=_OF_CLAIM),
)
