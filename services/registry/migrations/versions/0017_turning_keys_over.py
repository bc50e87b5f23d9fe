"""Which key of the installation is in use, and the key of the processing log, encrypted with it."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    installation = op.create_table(
        "installation",
        sa.Column("id", sa.SmallInteger(), primary_key=True, comment="always 1: there is one row"),
        sa.Column("key_name", sa.Text(), nullable=True, comment="of the key in use; empty before it was turned over"),
        sa.Column("subjects_key", sa.LargeBinary(), nullable=True, comment="of the processing log, encrypted with it"),
    )
    op.bulk_insert(installation, [{"id": 1}])
