"""Whoever acts for one organisation sees on PostgreSQL only what is that organisation's."""

from alembic import op

from services.chassis.row_policies import begin_row_security, own

revision = "0009"
down_revision = "0008"

_OF_A_PROVIDER = ("providers", "facilities", "contracts", "units", "stays", "no_shows", "enquiries")


def upgrade() -> None:
    begin_row_security(op, {table: own("organisation") for table in _OF_A_PROVIDER}, hidden=("ended_placements",))
