"""A lock for the operator's work, a second claim on a slot after a first that was reversed, and no TRUNCATE."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _create_lock()
    _let_a_slot_be_claimed_again()
    _forbid_truncate()


def _create_lock() -> None:
    table = op.create_table(
        "operators_work",
        sa.Column(
            "id",
            sa.SmallInteger(),
            autoincrement=False,
            nullable=False,
            comment="of the only row: whoever changes what concerns the whole country holds it",
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.bulk_insert(table, [{"id": 1}])


def _let_a_slot_be_claimed_again() -> None:
    op.drop_index("claims_slot", "claims")
    standing = sa.text("state <> 'reversed'")
    op.create_index(
        "claims_one_of_slot", "claims", ["slot_id"], unique=True, postgresql_where=standing, sqlite_where=standing
    )
    op.create_index("claims_of_slot", "claims", ["slot_id"])


def _forbid_truncate() -> None:
    """On PostgreSQL a trigger for each row does not see that; SQLite has no such statement."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER ledger_not_emptied BEFORE TRUNCATE ON ledger "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()"
        )
