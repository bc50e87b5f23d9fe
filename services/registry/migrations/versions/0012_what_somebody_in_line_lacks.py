"""Each place in line says what it lacks of what a list may ask for. Who stands there without consent stays there."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    lacks = sa.Column(
        "lacks",
        sa.Text,
        nullable=False,
        server_default="",
        comment="consent, permit or both",
    )
    op.add_column("entries", lacks)
    op.execute(
        "UPDATE entries SET lacks = 'permit' WHERE NOT EXISTS (SELECT 1 FROM permits JOIN cases ON cases.id ="
        " permits.case_id WHERE permits.case_id = entries.case_id OR cases.merged_into = entries.case_id)"
    )
