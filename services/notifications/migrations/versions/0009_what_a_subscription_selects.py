"""Subscriptions select by list, by region and by case; offers remember under what they are filed."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    known = "of an offer, where that is known; what its recipient knows of their own case"
    op.add_column("subjects", sa.Column("waitlist", sa.Text, comment=known))
    op.add_column("subjects", sa.Column("region", sa.Text, comment="where the household looks first"))
    op.add_column("subjects", sa.Column("case_id", sa.Uuid, comment="the recipient's own reference"))
    for name, comment in (
        ("waitlists", "likewise"),
        ("regions", "likewise"),
        ("cases", "references of the organisation's, likewise"),
    ):
        column = sa.Column(name, sa.Text, nullable=False, server_default="", comment=comment)
        op.add_column("subscriptions", column)
