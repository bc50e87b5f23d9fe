"""The first schema."""

import sqlalchemy as sa
from alembic import op

from services.chassis.database import UtcDateTime
from services.chassis.first_schema import create_chassis_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_chassis_tables(op)
    op.create_table(
        "providers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("providers_organisation", "providers", ["organisation"], unique=True)

    op.create_table(
        "facilities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["providers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("facilities_by_organisation", "facilities", ["organisation", "id"], unique=False)

    op.create_table(
        "units",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("facility_id", sa.Uuid(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("places", sa.SmallInteger(), nullable=False),
        sa.Column("accepts", sa.Text(), nullable=False, comment="JSON: sexes, age bands, children"),
        sa.Column("serves", sa.Text(), nullable=False, comment="JSON: wheelchair, needs"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "vacancy_id",
            sa.Uuid(),
            nullable=True,
            comment="the present episode of being free, held, reserved, occupied",
        ),
        sa.Column("offer_id", sa.Uuid(), nullable=True),
        sa.Column("freed_at", UtcDateTime(), nullable=True),
        sa.Column("available_from", UtcDateTime(), nullable=True),
        sa.Column("lease_expires_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("allocation_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["facility_id"],
            ["facilities.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("units_by_organisation", "units", ["organisation", "id"], unique=False)
    op.create_index(
        "units_leased",
        "units",
        ["lease_expires_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('free', 'held')"),
        sqlite_where=sa.text("state IN ('free', 'held')"),
    )
    op.create_index("units_vacancy", "units", ["vacancy_id"], unique=True)
