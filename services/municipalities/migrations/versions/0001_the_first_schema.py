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
        "municipalities",
        sa.Column("code", sa.Text(), nullable=False, comment="the CBS code, also the id of the organisation"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("inhabitants", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "slots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("vacancy_id", sa.Uuid(), nullable=False),
        sa.Column("municipality_code", sa.Text(), nullable=False),
        sa.Column("places", sa.SmallInteger(), nullable=False),
        sa.Column("wheelchair", sa.Boolean(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("available_from", UtcDateTime(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=True),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("adults", sa.SmallInteger(), nullable=True),
        sa.Column("children", sa.SmallInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("allocation_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_code"],
            ["municipalities.code"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("slots_by_municipality", "slots", ["municipality_code", "id"], unique=False)
    op.create_index("slots_vacancy", "slots", ["vacancy_id"], unique=True)

    op.create_table(
        "claims",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slot_id", sa.Uuid(), nullable=False),
        sa.Column("municipality_code", sa.Text(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("people", sa.SmallInteger(), nullable=False),
        sa.Column(
            "half_year", sa.Text(), nullable=False, comment="in which it was claimed, and then in which it counted"
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("claimed_at", UtcDateTime(), nullable=False),
        sa.Column("housed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality_code"],
            ["municipalities.code"],
        ),
        sa.ForeignKeyConstraint(
            ["slot_id"],
            ["slots.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("claims_by_municipality", "claims", ["municipality_code", "id"], unique=False)
    op.create_index("claims_slot", "claims", ["slot_id"], unique=True)

    op.create_table(
        "ledger",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("municipality_code", sa.Text(), nullable=False),
        sa.Column("half_year", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_id"],
            ["claims.id"],
        ),
        sa.ForeignKeyConstraint(
            ["municipality_code"],
            ["municipalities.code"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ledger_of_quota", "ledger", ["half_year", "municipality_code"], unique=False)
    op.create_index(
        "ledger_once_per_claim",
        "ledger",
        ["claim_id", "kind"],
        unique=True,
        postgresql_where=sa.text("claim_id IS NOT NULL"),
        sqlite_where=sa.text("claim_id IS NOT NULL"),
    )
    op.create_index(
        "ledger_one_task",
        "ledger",
        ["municipality_code", "half_year"],
        unique=True,
        postgresql_where=sa.text("kind = 'task'"),
        sqlite_where=sa.text("kind = 'task'"),
    )
