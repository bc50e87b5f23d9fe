"""The key of the references by which each organisation knows what is stored."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("installation", sa.Column("reference_key", sa.LargeBinary()))
    installation = sa.table("installation", sa.column("reference_key", sa.LargeBinary()))
    op.execute(installation.update().values(reference_key=secrets.token_bytes(32)))
