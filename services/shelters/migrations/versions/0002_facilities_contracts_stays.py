"""Facilities with secrecy, region and turnaround; contracts; stays and no-shows; enquiries."""

import sqlalchemy as sa
from alembic import op

from services.chassis.database import UtcDateTime

revision = "0002"
down_revision = "0001"

_OPEN = sa.text("departed_at IS NULL")


def upgrade() -> None:
    _facilities()
    _units()
    _contracts()
    _stays()
    _who_lives_there_already()
    _no_shows()
    _enquiries()


def _facilities() -> None:
    # No batch: SQLite would make the whole table anew for the default of a boolean, and units refer to it.
    op.add_column("facilities", sa.Column("secrecy", sa.Text(), nullable=False, server_default="secret"))
    op.add_column("facilities", sa.Column("region", sa.Text()))
    op.add_column("facilities", sa.Column("turnaround_seconds", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("facilities", sa.Column("closed", sa.Boolean(), nullable=False, server_default=sa.false()))


def _units() -> None:
    facilitys, no = "the facility's", sa.false()
    enquiring = "held by an enquiry to be answered"
    for column in (
        sa.Column("kept_for_places", sa.SmallInteger()),
        sa.Column("secrecy", sa.Text(), nullable=False, server_default="secret", comment=facilitys),
        sa.Column("region", sa.Text(), comment=facilitys),
        sa.Column("turnaround_seconds", sa.Integer(), nullable=False, server_default="0", comment=facilitys),
        sa.Column("closed", sa.Boolean(), nullable=False, server_default=no, comment="the facility is"),
        sa.Column("enquiring", sa.Boolean(), nullable=False, server_default=no, comment=enquiring),
    ):
        op.add_column("units", column)
    op.create_index("units_by_facility", "units", ["facility_id", "id"])


def _contracts() -> None:
    op.create_table(
        "contracts",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("provider_id", sa.Uuid(), sa.ForeignKey("providers.id"), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), comment="the last day, included"),
    )
    op.create_index("contracts_by_organisation", "contracts", ["organisation", "programme", "id"])


def _stays() -> None:
    op.create_table(
        "stays",
        sa.Column("vacancy_id", sa.Uuid(), primary_key=True, comment="one stay ends one episode of a unit being free"),
        sa.Column("unit_id", sa.Uuid(), sa.ForeignKey("units.id"), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("arrived_at", UtcDateTime(), nullable=False),
        sa.Column("expected_exit_on", sa.Date()),
        sa.Column("delay_reason", sa.Text()),
        sa.Column("departed_at", UtcDateTime()),
        sa.Column("departure_reason", sa.Text()),
    )
    op.create_index("stays_one_per_unit", "stays", ["unit_id"], unique=True, postgresql_where=_OPEN, sqlite_where=_OPEN)
    op.create_index("stays_open", "stays", ["organisation", "arrived_at"], postgresql_where=_OPEN, sqlite_where=_OPEN)
    op.create_index("stays_arrived", "stays", ["organisation", "arrived_at"])
    op.create_index("stays_departed", "stays", ["organisation", "departed_at"])


def _who_lives_there_already() -> None:
    """Give them a stay, from when the unit was freed: the best that was kept. Who has moved in needs no lease."""
    op.execute(
        "INSERT INTO stays (vacancy_id, unit_id, organisation, programme, offer_id, arrived_at)"
        " SELECT vacancy_id, id, organisation, programme, offer_id, freed_at FROM units WHERE state = 'occupied'"
    )
    op.execute(
        "UPDATE units SET freed_at = NULL, available_from = NULL, lease_expires_at = NULL WHERE state = 'occupied'"
    )


def _no_shows() -> None:
    op.create_table(
        "no_shows",
        sa.Column("vacancy_id", sa.Uuid(), primary_key=True),
        sa.Column("unit_id", sa.Uuid(), sa.ForeignKey("units.id"), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("reported_at", UtcDateTime(), nullable=False),
    )
    op.create_index("no_shows_reported", "no_shows", ["organisation", "reported_at"])


def _enquiries() -> None:
    op.create_table(
        "enquiries",
        sa.Column("offer_id", sa.Uuid(), primary_key=True),
        sa.Column("vacancy_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), sa.ForeignKey("units.id"), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("adults", sa.SmallInteger(), nullable=False),
        sa.Column("children", sa.SmallInteger(), nullable=False),
        sa.Column("sex", sa.Text(), nullable=False),
        sa.Column("age_band", sa.Text(), nullable=False),
        sa.Column("needs", sa.Text(), nullable=False, comment="JSON list"),
        sa.Column("wheelchair", sa.Boolean(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("answer_before_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime()),
        sa.Column("agreed", sa.Boolean()),
        sa.Column("refusal", sa.Text()),
    )
    op.create_index("enquiries_by_organisation", "enquiries", ["organisation", "offer_id"])
