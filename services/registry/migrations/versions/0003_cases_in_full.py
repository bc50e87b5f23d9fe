"""Households, referrals, consents, exclusions, reflection periods, permits, placements, mergers, personal data."""

import json
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from services.chassis.database import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _cases()
    _people()
    _grounds()
    _safety()
    _law()
    _events()
    _secrets()
    _who_is_in_the_households_already()


def _cases() -> None:
    for column in (
        sa.Column("region", sa.Text(), comment="where shelter is preferred"),
        sa.Column("secrecy_wanted", sa.Text(), nullable=False, server_default="known"),
        sa.Column("merged_into", sa.Uuid(), comment="the case that this one is the same person as"),
    ):
        op.add_column("cases", column)
    _create_partial("cases_merged", "cases", ["merged_into"], "merged_into IS NOT NULL", unique=False)


def _people() -> None:
    op.create_table(
        "members",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _case(),
        sa.Column("registered_for", sa.Boolean(), nullable=False, comment="the person whom the case is about"),
        sa.Column("sex", sa.Text(), nullable=False),
        sa.Column("age_band", sa.Text(), nullable=False),
        sa.Column("child", sa.Boolean(), nullable=False, comment="comes along as a child"),
        sa.Column("wheelchair", sa.Boolean(), nullable=False),
        sa.Column("needs", sa.Text(), nullable=False, comment="JSON list"),
    )
    op.create_index("members_of_case", "members", ["case_id", "id"])
    op.create_table(
        "referrals",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _case(),
        sa.Column("organisation", sa.Text(), nullable=False, comment="which took the report"),
        sa.Column("referrer", sa.Text(), nullable=False),
        sa.Column("police_unit", sa.Text()),
        sa.Column("kmar_district", sa.SmallInteger()),
        sa.Column("reference", sa.Uuid(), comment="the report's own id at the referrer"),
        sa.Column("reported_at", UtcDateTime(), nullable=False),
    )
    op.create_index("referrals_of_case", "referrals", ["case_id", "id"])
    op.create_index("referrals_once", "referrals", ["organisation", "referrer", "reference"], unique=True)


def _grounds() -> None:
    op.create_table(
        "consents",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _case(),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime()),
    )
    op.create_index("consents_of_case", "consents", ["case_id", "id"])
    _create_partial("consents_running", "consents", ["case_id", "purpose"], "withdrawn_at IS NULL")


def _safety() -> None:
    op.create_table(
        "exclusions",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _case(),
        sa.Column("region", sa.Text()),
        sa.Column("municipality_code", sa.Text()),
        sa.Column("facility_id", sa.Uuid()),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.Column("lifted_at", UtcDateTime()),
    )
    op.create_index("exclusions_of_case", "exclusions", ["case_id", "id"])
    op.create_table(
        "exclusion_reasons",
        sa.Column("exclusion_id", sa.Uuid(), sa.ForeignKey("exclusions.id"), primary_key=True),
        _case(),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False, comment="who set the rule and why"),
    )
    op.create_index("exclusion_reasons_of_case", "exclusion_reasons", ["case_id"])


def _law() -> None:
    op.create_table(
        "reflection_periods",
        _case(primary_key=True),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), comment="before its time"),
        sa.Column("end_reason", sa.Text()),
    )
    op.create_table(
        "permits",
        _case(primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("granted_on", sa.Date(), nullable=False),
    )


def _events() -> None:
    op.create_table(
        "contact_attempts",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _case(),
        sa.Column("offer_id", sa.Uuid()),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("attempted_at", UtcDateTime(), nullable=False),
    )
    op.create_index("contact_attempts_of_case", "contact_attempts", ["case_id", "id"])
    op.create_table(
        "placements",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _case(),
        sa.Column("coordinator", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text()),
        sa.Column("unit_id", sa.Uuid()),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("review", sa.Text()),
        sa.Column("reviewed_at", UtcDateTime()),
    )
    op.create_index("placements_by_coordinator", "placements", ["coordinator", "id"])
    _create_partial("placements_one_per_case", "placements", ["case_id"], "ended_at IS NULL")
    op.create_table(
        "case_mergers",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("survivor_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("merged_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("coordinator", sa.Text(), nullable=False),
        sa.Column("merged_at", UtcDateTime(), nullable=False),
        sa.Column("changed", sa.Text(), nullable=False, comment="JSON: what became of the entries, to take it back"),
        sa.Column("undone_at", UtcDateTime()),
        sa.Column("undo_reason", sa.Text()),
    )
    op.create_index("case_mergers_by_coordinator", "case_mergers", ["coordinator", "id"])


def _secrets() -> None:
    op.create_table(
        "personal_data",
        _case(primary_key=True),
        sa.Column("field", sa.Text(), primary_key=True),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False, comment="AES-256-GCM with the case's own key"),
        sa.Column("stored_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "case_keys",
        sa.Column("case_id", sa.Uuid(), primary_key=True),
        sa.Column(
            "wrapped_key", sa.LargeBinary(), nullable=False, comment="encrypted with the key of the installation"
        ),
        sa.Column("made_at", UtcDateTime(), nullable=False),
    )


def _who_is_in_the_households_already() -> None:
    """Households were numbers until now. No consent is made up: who stands in a list stays, and joins no other."""
    cases = sa.table("cases", sa.column("id", sa.Uuid()), sa.column("profile", sa.Text()))
    columns = ("sex", "age_band", "needs")
    members = sa.table(
        "members",
        sa.column("id", sa.Uuid()),
        sa.column("case_id", sa.Uuid()),
        *(sa.column(name, sa.Boolean()) for name in ("registered_for", "child", "wheelchair")),
        *(sa.column(name, sa.Text()) for name in columns),
    )
    for case in op.get_bind().execute(sa.select(cases)).all():
        rows = [{"id": uuid4(), "case_id": case.id} | row for row in _members(json.loads(case.profile))]
        op.bulk_insert(members, rows)


def _members(profile: dict) -> list[dict]:
    adult = {"sex": profile["sex"], "age_band": profile["ageBand"], "child": False}
    child = {"sex": "unknown", "age_band": "unknown", "child": True}
    everyone = [adult] * profile["adults"] + [child] * profile["children"]
    others = [person | {"registered_for": False, "wheelchair": False, "needs": "[]"} for person in everyone[1:]]
    about = {"sex": profile["sex"], "age_band": profile["ageBand"], "wheelchair": profile["wheelchair"]}
    return [everyone[0] | about | {"registered_for": True, "needs": json.dumps(profile["needs"])}, *others]


def _case(*, primary_key: bool = False) -> sa.Column:
    return sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=False, primary_key=primary_key)


def _create_partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = True) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, postgresql_where=condition, sqlite_where=condition)
