"""The shelters' tables."""

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
    false,
    text,
    true,
)

from services.chassis.database import UtcDateTime
from services.chassis.idempotency import idempotency_keys_table
from services.chassis.tables import message_tables

metadata = MetaData()
messages = message_tables(metadata)
idempotency_keys = idempotency_keys_table(metadata)

_LEASED = text("state IN ('free', 'held')")
_WATCHED = text("state IN ('free', 'held') AND lease_watched")
_OPEN = text("departed_at IS NULL")

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
    Column("secrecy", Text, nullable=False, server_default="secret"),
    Column("region", Text),
    Column("turnaround_seconds", Integer, nullable=False, server_default="0"),
    Column("closed", Boolean, nullable=False, server_default=false()),
    Index("facilities_by_organisation", "organisation", "id"),
)

contracts = Table(
    "contracts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("provider_id", ForeignKey("providers.id"), nullable=False),
    Column("organisation", Text, nullable=False),
    Column("programme", Text, nullable=False),
    Column("places", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, comment="the last day, included"),
    Index("contracts_by_organisation", "organisation", "programme", "id"),
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
    Column("kept_for_places", SmallInteger),
    # What every command needs of the facility is copied to the row that it locks anyway.
    Column("secrecy", Text, nullable=False, server_default="secret", comment="the facility's"),
    Column("region", Text, comment="the facility's"),
    Column("turnaround_seconds", Integer, nullable=False, server_default="0", comment="the facility's"),
    Column("closed", Boolean, nullable=False, server_default=false(), comment="the facility is"),
    Column("state", Text, nullable=False),
    Column("vacancy_id", Uuid, comment="the present episode of being free, held, reserved, occupied"),
    Column("offer_id", Uuid),
    Column("enquiring", Boolean, nullable=False, server_default=false(), comment="held by an enquiry to be answered"),
    Column("freed_at", UtcDateTime),
    Column("available_from", UtcDateTime),
    Column("lease_expires_at", UtcDateTime),
    Column("ended_vacancy_id", Uuid, comment="the episode before"),
    Column("ended_by", Text, comment="lapsed, withdrawn, facility_closed, no_show, departure"),
    Column("version", Integer, nullable=False),
    Column("allocation_version", Integer, nullable=False),
    Column("lease_began_at", UtcDateTime, comment="when its provider last said that it is free"),
    Column("lease_words", Integer, nullable=False, server_default="0", comment="odd: its provider was told of its end"),
    Column("lease_watched", Boolean, nullable=False, server_default=true(), comment="nothing was said of it yet"),
    Index("units_vacancy", "vacancy_id", unique=True),
    Index("units_by_organisation", "organisation", "id"),
    Index("units_by_facility", "facility_id", "id"),
    Index("units_leased", "lease_expires_at", "id", postgresql_where=_LEASED, sqlite_where=_LEASED),
    Index("units_watched", "lease_expires_at", "id", postgresql_where=_WATCHED, sqlite_where=_WATCHED),
)

stays = Table(
    "stays",
    metadata,
    Column("vacancy_id", Uuid, primary_key=True, comment="one stay ends one episode of a unit being free"),
    Column("unit_id", ForeignKey("units.id"), nullable=False),
    Column("organisation", Text, nullable=False),
    Column("programme", Text, nullable=False),
    Column("offer_id", Uuid, nullable=False),
    Column("arrived_at", UtcDateTime, nullable=False),
    Column("expected_exit_on", Date),
    Column("delay_reason", Text),
    Column("departed_at", UtcDateTime),
    Column("departure_reason", Text),
    Index("stays_one_per_unit", "unit_id", unique=True, postgresql_where=_OPEN, sqlite_where=_OPEN),
    Index("stays_open", "organisation", "arrived_at", postgresql_where=_OPEN, sqlite_where=_OPEN),
    Index("stays_arrived", "organisation", "arrived_at"),
    Index("stays_departed", "organisation", "departed_at"),
)

no_shows = Table(
    "no_shows",
    metadata,
    Column("vacancy_id", Uuid, primary_key=True),
    Column("unit_id", ForeignKey("units.id"), nullable=False),
    Column("organisation", Text, nullable=False),
    Column("programme", Text, nullable=False),
    Column("offer_id", Uuid, nullable=False),
    Column("reported_at", UtcDateTime, nullable=False),
    Index("no_shows_reported", "organisation", "reported_at"),
)

ended_placements = Table(
    "ended_placements",
    metadata,
    Column("id", Uuid, primary_key=True, comment="recorded after the fact; what says so may arrive later"),
    Column("ended_at", UtcDateTime, nullable=False),
)

enquiries = Table(
    "enquiries",
    metadata,
    Column("offer_id", Uuid, primary_key=True),
    Column("vacancy_id", Uuid, nullable=False),
    Column("unit_id", ForeignKey("units.id"), nullable=False),
    Column("organisation", Text, nullable=False),
    Column("adults", SmallInteger, nullable=False),
    Column("children", SmallInteger, nullable=False),
    Column("sex", Text, nullable=False),
    Column("age_band", Text, nullable=False),
    Column("needs", Text, nullable=False, comment="JSON list"),
    Column("wheelchair", Boolean, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("answer_before_at", UtcDateTime, nullable=False),
    Column("answered_at", UtcDateTime),
    Column("agreed", Boolean),
    Column("refusal", Text),
    Column("end_reason", Text, comment="the registry's"),
    Index("enquiries_by_organisation", "organisation", "offer_id"),
)
