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
        "cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("coordinator", sa.Text(), nullable=False, comment="the organisation that speaks for the person"),
        sa.Column("profile", sa.Text(), nullable=False, comment="canonical JSON of what eligibility looks at"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("cases_by_coordinator", "cases", ["coordinator", "id"], unique=False)

    op.create_table(
        "waitlists",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("profile_count", sa.Integer(), nullable=False, comment="rises with each new profile, so caches know"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "profiles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("waitlist", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False, comment="canonical JSON of what eligibility looks at"),
        sa.ForeignKeyConstraint(
            ["waitlist"],
            ["waitlists.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("profiles_unique", "profiles", ["waitlist", "profile"], unique=True)

    op.create_table(
        "vacancies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("waitlist", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False, comment="the unit or slot"),
        sa.Column("terms", sa.Text(), nullable=False, comment="canonical JSON of whom it can take"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("source_version", sa.Integer(), nullable=False, comment="of the owner's last event seen"),
        sa.Column("allocation_version", sa.Integer(), nullable=False, comment="of our own last event about it"),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("available_from", UtcDateTime(), nullable=False),
        sa.Column("offerable_until", UtcDateTime(), nullable=True, comment="the end of its lease"),
        sa.ForeignKeyConstraint(
            ["waitlist"],
            ["waitlists.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("vacancies_by_resource", "vacancies", ["resource_id"], unique=False)
    op.create_index(
        "vacancies_open",
        "vacancies",
        ["waitlist", "opened_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
        sqlite_where=sa.text("state = 'open'"),
    )

    op.create_table(
        "entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("waitlist", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("coordinator", sa.Text(), nullable=False),
        sa.Column(
            "precedence", sa.SmallInteger(), nullable=False, comment="9 - urgency, so that the whole order ascends"
        ),
        sa.Column("waiting_since", UtcDateTime(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["profiles.id"],
        ),
        sa.ForeignKeyConstraint(
            ["waitlist"],
            ["waitlists.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("entries_by_coordinator", "entries", ["coordinator", "id"], unique=False)
    op.create_index(
        "entries_in_line",
        "entries",
        ["waitlist", "precedence", "waiting_since", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
        sqlite_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "entries_live",
        "entries",
        ["case_id", "waitlist"],
        unique=True,
        postgresql_where=sa.text("state IN ('waiting', 'offered')"),
        sqlite_where=sa.text("state IN ('waiting', 'offered')"),
    )
    op.create_index(
        "entries_next_of_profile",
        "entries",
        ["profile_id", "precedence", "waiting_since", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
        sqlite_where=sa.text("state = 'waiting'"),
    )

    op.create_table(
        "offers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("vacancy_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("waitlist", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("coordinator", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("deadline_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("claimed_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True, comment="a placement that is over: departed, or housed"),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["entries.id"],
        ),
        sa.ForeignKeyConstraint(
            ["vacancy_id"],
            ["vacancies.id"],
        ),
        sa.ForeignKeyConstraint(
            ["waitlist"],
            ["waitlists.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("offers_by_coordinator", "offers", ["coordinator", "id"], unique=False)
    op.create_index(
        "offers_due",
        "offers",
        ["deadline_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'made'"),
        sqlite_where=sa.text("state = 'made'"),
    )
    op.create_index("offers_of_vacancy", "offers", ["vacancy_id"], unique=False)
    op.create_index(
        "offers_one_per_entry",
        "offers",
        ["entry_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('made', 'accepted', 'fulfilled')"),
        sqlite_where=sa.text("state IN ('made', 'accepted', 'fulfilled')"),
    )
    op.create_index(
        "offers_one_per_vacancy",
        "offers",
        ["vacancy_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('made', 'accepted', 'fulfilled')"),
        sqlite_where=sa.text("state IN ('made', 'accepted', 'fulfilled')"),
    )
    op.create_index(
        "offers_placed",
        "offers",
        ["case_id"],
        unique=False,
        postgresql_where=sa.text("state = 'fulfilled' AND ended_at IS NULL"),
        sqlite_where=sa.text("state = 'fulfilled' AND ended_at IS NULL"),
    )

    op.create_table(
        "decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("vacancy_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("passed_over", sa.Text(), nullable=False, comment="JSON: entry and reasons, the first hundred"),
        sa.Column("more_passed_over", sa.Boolean(), nullable=False),
        sa.Column(
            "profiles_passed_over", sa.Text(), nullable=False, comment="JSON: profile and reasons, when there are more"
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["entries.id"],
        ),
        sa.ForeignKeyConstraint(
            ["offer_id"],
            ["offers.id"],
        ),
        sa.ForeignKeyConstraint(
            ["vacancy_id"],
            ["vacancies.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("decisions_by_offer", "decisions", ["offer_id"], unique=True)
    waitlists = sa.table(
        "waitlists",
        sa.column("id", sa.Text),
        sa.column("kind", sa.Text),
        sa.column("profile_count", sa.Integer),
    )
    kinds = {"cosm": "shelter", "omm": "shelter", "loverboy": "shelter", "vo": "shelter", "housing": "housing"}
    op.bulk_insert(waitlists, [{"id": id_, "kind": kind, "profile_count": 0} for id_, kind in kinds.items()])
