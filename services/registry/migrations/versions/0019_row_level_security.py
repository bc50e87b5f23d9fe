"""Whoever acts for one organisation sees on PostgreSQL only what is that organisation's."""

from alembic import op

from services.chassis.row_policies import begin_row_security, own, through

revision = "0019"
down_revision = "0018"

_OF_A_CASE = (
    "members",
    "consents",
    "exclusions",
    "exclusion_reasons",
    "reflection_periods",
    "permits",
    "contact_attempts",
    "personal_data",
    "case_keys",
)
_OF_A_COORDINATOR = ("cases", "placements", "case_mergers", "entries", "offers")


def upgrade() -> None:
    rows = {table: own("coordinator") for table in _OF_A_COORDINATOR}
    rows |= {table: through("case_id", "cases") for table in _OF_A_CASE}
    rows["referrals"] = "{} OR {}".format(own("organisation"), through("case_id", "cases"))
    rows["decisions"] = through("offer_id", "offers")
    begin_row_security(op, rows, hidden=("vacancies", "processing_log"))
