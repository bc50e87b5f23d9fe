"""The municipalities' tables. The ledger is only added to; unique indexes keep anything from being counted twice."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
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

_FIRST_SHARE = text("kind = 'quota' AND merger_id IS NULL")
_OF_CLAIM = text("claim_id IS NOT NULL")
_RUNNING = text("state = 'claimed'")
_STANDING = text("state <> 'reversed'")

operators_work = Table(
    "operators_work",
    metadata,
    Column(
        "id",
        SmallInteger,
        primary_key=True,
        autoincrement=False,
        comment="of the only row: whoever changes what concerns the whole country holds it",
    ),
)

municipalities = Table(
    "municipalities",
    metadata,
    Column("code", Text, primary_key=True, comment="the CBS code, also the id of the organisation"),
    Column("name", Text, nullable=False),
    Column("province", Text),
    Column("merged_into", Text, comment="its successor, from the day of the merger on"),
)

populations = Table(
    "populations",
    metadata,
    Column("municipality_code", ForeignKey("municipalities.code"), primary_key=True),
    Column("ref_date", Date, primary_key=True, comment="a 1 January"),
    Column("inhabitants", Integer, nullable=False),
)

mergers = Table(
    "mergers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("into_code", ForeignKey("municipalities.code"), nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("inhabitants", Integer, comment="what the province set, until CBS counts the new municipality"),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("carried_out_at", UtcDateTime, comment="when the book, the slots and the claims went over"),
)

merger_parts = Table(
    "merger_parts",
    metadata,
    Column("municipality_code", ForeignKey("municipalities.code"), primary_key=True, comment="it ends only once"),
    Column("merger_id", ForeignKey("mergers.id"), nullable=False),
    Index("merger_parts_of_merger", "merger_id"),
)

half_years = Table(
    "half_years",
    metadata,
    Column("half_year", Text, primary_key=True),
    Column("national_quota", Integer, nullable=False),
    Column("national_inhabitants", Integer, nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
)

quota_swaps = Table(
    "quota_swaps",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("half_year", ForeignKey("half_years.half_year"), nullable=False),
    Column("from_code", ForeignKey("municipalities.code"), nullable=False),
    Column("to_code", ForeignKey("municipalities.code"), nullable=False),
    Column("people", Integer, nullable=False),
    Column("agreed_at", UtcDateTime, nullable=False),
)

supervision_ladders = Table(
    "supervision_ladders",
    metadata,
    Column("province", Text, primary_key=True),
    Column("step", SmallInteger, primary_key=True),
    Column("checks_behind", SmallInteger, nullable=False, comment="so many checks in a row behind lead to this step"),
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
    Column("state", Text, nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("offer_id", Uuid, comment="none while pending"),
    Column("people", SmallInteger, nullable=False, comment="none while pending"),
    Column("half_year", Text, comment="in which it is claimed, and then in which it counts"),
    Column("claimed_at", UtcDateTime),
    Column("house_before", UtcDateTime),
    Column("move_before", UtcDateTime),
    Column("housed_at", UtcDateTime),
    Column("counted", Boolean, nullable=False, comment="housed on a day on which that counts for the quota"),
    Column("reversed_at", UtcDateTime),
    Column("reversal_reason", Text),
    Index("claims_one_of_slot", "slot_id", unique=True, postgresql_where=_STANDING, sqlite_where=_STANDING),
    Index("claims_of_slot", "slot_id"),
    Index("claims_by_municipality", "municipality_code", "id"),
    Index("claims_running", "half_year", postgresql_where=_RUNNING, sqlite_where=_RUNNING),
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("booking_id", Uuid, nullable=False, comment="lines of one booking sum to zero"),
    Column("municipality_code", ForeignKey("municipalities.code"), nullable=False),
    Column("half_year", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("people", Integer, nullable=False),
    Column("claim_id", ForeignKey("claims.id")),
    Column("swap_id", ForeignKey("quota_swaps.id")),
    Column("merger_id", ForeignKey("mergers.id")),
    Column("effective_at", UtcDateTime, nullable=False, comment="from when on it is true"),
    Column("recorded_at", UtcDateTime, nullable=False, comment="when it was written down"),
    Index("ledger_of_quota", "half_year", "municipality_code"),
    Index("ledger_of_municipality", "municipality_code", "half_year"),
    Index(
        "ledger_one_quota",
        "municipality_code",
        "half_year",
        "account",
        unique=True,
        postgresql_where=_FIRST_SHARE,
        sqlite_where=_FIRST_SHARE,
    ),
    Index(
        "ledger_once_per_claim",
        "claim_id",
        "kind",
        "account",
        "half_year",
        unique=True,
        postgresql_where=_OF_CLAIM,
        sqlite_where=_OF_CLAIM,
    ),
)
