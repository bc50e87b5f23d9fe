"""The shelters' tables."""

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, SmallInteger, Table, Text, Uuid, text

from services.chassis.database import UtcDateTime
from services.chassis.idempotency import idempotency_keys_table
from services.chassis.tables import message_tables

metadata = MetaData()
messages = message_tables(metadata)
idempotency_keys = idempotency_keys_table(metadata)

_LEASED = text("state IN ('free', 'held')")

providers = Table(
    "providers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("organisation", Text, nullable=False),
    Index("providers_organisation", "organisation", unique=True),
)

facilities = Table(
    "facilities",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("provider_id", ForeignKey("providers.id"), nullable=False),
    Column("organisation", Text, nullable=False),
    Index("facilities_by_organisation", "organisation", "id"),
)

units = Table(
    "units",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("facility_id", ForeignKey("facilities.id"), nullable=False),
    Column("organisation", Text, nullable=False),
    Column("programme", Text, nullable=False),
    Column("places", SmallInteger, nullable=False),
    Column("accepts", Text, nullable=False, comment="JSON: sexes, age bands, children"),
    Column("serves", Text, nullable=False, comment="JSON: wheelchair, needs"),
    Column("state", Text, nullable=False),
    Column("vacancy_id", Uuid, comment="the present episode of being free, held, reserved, occupied"),
    Column("offer_id", Uuid),
    Column("freed_at", UtcDateTime),
    Column("available_from", UtcDateTime),
    Column("lease_expires_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    Column("allocation_version", Integer, nullable=False),
    Index("units_vacancy", "vacancy_id", unique=True),
    Index("units_by_organisation", "organisation", "id"),
    Index("units_leased", "lease_expires_at", "id", postgresql_where=_LEASED, sqlite_where=_LEASED),
)
