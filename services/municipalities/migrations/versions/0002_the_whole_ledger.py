"""Populations by year, mergers, swaps, the supervision ladder, the clock of claims, and a ledger of double entry."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from services.chassis.clock import system_clock, system_identifiers
from services.chassis.database import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _create_populations()
    _create_mergers()
    _create_half_years()
    # The old ledger refers to the claims, which SQLite makes anew: it goes before, and the new one comes after.
    lines = _take_old_ledger()
    _extend_claims()
    _create_ledger()
    _fill_ledger(lines)
    _fill_half_years(lines)
    _forbid_changes()


def _create_populations() -> None:
    op.create_table(
        "populations",
        sa.Column("municipality_code", sa.Text(), nullable=False),
        sa.Column("ref_date", sa.Date(), nullable=False, comment="a 1 January"),
        sa.Column("inhabitants", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["municipality_code"], ["municipalities.code"]),
        sa.PrimaryKeyConstraint("municipality_code", "ref_date"),
    )
    # Until now there was one number, that of 1 January of the year before.
    day = date(system_clock().year - 1, 1, 1)
    insert = sa.text("INSERT INTO populations SELECT code, :day, inhabitants FROM municipalities")
    op.get_bind().execute(insert.bindparams(sa.bindparam("day", day, type_=sa.Date())))
    # Not in batch mode: SQLite would make the table anew, but others refer to it.
    op.drop_column("municipalities", "inhabitants")
    op.add_column("municipalities", sa.Column("province", sa.Text(), nullable=True))
    op.add_column(
        "municipalities",
        sa.Column("merged_into", sa.Text(), nullable=True, comment="its successor, from the day of the merger on"),
    )


def _create_mergers() -> None:
    op.create_table(
        "mergers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("into_code", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column(
            "inhabitants",
            sa.Integer(),
            nullable=True,
            comment="what the province set, until CBS counts the new municipality",
        ),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column(
            "carried_out_at", UtcDateTime(), nullable=True, comment="when the book, the slots and the claims went over"
        ),
        sa.ForeignKeyConstraint(["into_code"], ["municipalities.code"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "merger_parts",
        sa.Column("municipality_code", sa.Text(), nullable=False, comment="it ends only once"),
        sa.Column("merger_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["municipality_code"], ["municipalities.code"]),
        sa.ForeignKeyConstraint(["merger_id"], ["mergers.id"]),
        sa.PrimaryKeyConstraint("municipality_code"),
    )
    op.create_index("merger_parts_of_merger", "merger_parts", ["merger_id"])


def _create_half_years() -> None:
    op.create_table(
        "half_years",
        sa.Column("half_year", sa.Text(), nullable=False),
        sa.Column("national_quota", sa.Integer(), nullable=False),
        sa.Column("national_inhabitants", sa.Integer(), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("half_year"),
    )
    op.create_table(
        "quota_swaps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("half_year", sa.Text(), nullable=False),
        sa.Column("from_code", sa.Text(), nullable=False),
        sa.Column("to_code", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("agreed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["half_year"], ["half_years.half_year"]),
        sa.ForeignKeyConstraint(["from_code"], ["municipalities.code"]),
        sa.ForeignKeyConstraint(["to_code"], ["municipalities.code"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "supervision_ladders",
        sa.Column("province", sa.Text(), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column(
            "checks_behind",
            sa.SmallInteger(),
            nullable=False,
            comment="so many checks in a row behind lead to this step",
        ),
        sa.PrimaryKeyConstraint("province", "step"),
    )


def _extend_claims() -> None:
    with op.batch_alter_table("claims") as batch:
        batch.add_column(sa.Column("requested_at", UtcDateTime(), nullable=True))
        batch.add_column(sa.Column("house_before", UtcDateTime(), nullable=True))
        batch.add_column(sa.Column("move_before", UtcDateTime(), nullable=True))
        batch.add_column(
            sa.Column(
                "counted",
                sa.Boolean(),
                nullable=True,
                comment="housed on a day on which that counts for the quota",
            )
        )
        batch.add_column(sa.Column("reversed_at", UtcDateTime(), nullable=True))
        batch.add_column(sa.Column("reversal_reason", sa.Text(), nullable=True))
    _fill_claims()
    with op.batch_alter_table("claims") as batch:
        batch.alter_column("requested_at", nullable=False)
        batch.alter_column("counted", nullable=False)
        batch.alter_column("claimed_at", nullable=True)
        batch.alter_column("offer_id", nullable=True, comment="none while pending")
        batch.alter_column("people", comment="none while pending")
        batch.alter_column("half_year", nullable=True, comment="in which it is claimed, and then in which it counts")
    running = sa.text("state = 'claimed'")
    op.create_index("claims_running", "claims", ["half_year"], postgresql_where=running, sqlite_where=running)


def _fill_claims() -> None:
    claims = sa.table(
        "claims",
        sa.column("id", sa.Uuid()),
        sa.column("state", sa.Text()),
        sa.column("claimed_at", UtcDateTime()),
        sa.column("requested_at", UtcDateTime()),
        sa.column("house_before", UtcDateTime()),
        sa.column("move_before", UtcDateTime()),
        sa.column("counted", sa.Boolean()),
    )
    connection = op.get_bind()
    for claim in connection.execute(sa.select(claims.c.id, claims.c.state, claims.c.claimed_at)).all():
        connection.execute(
            sa.update(claims)
            .where(claims.c.id == claim.id)
            .values(
                requested_at=claim.claimed_at,
                house_before=claim.claimed_at + timedelta(weeks=10),
                move_before=claim.claimed_at + timedelta(weeks=12),
                counted=claim.state == "housed",
            )
        )


def _take_old_ledger() -> Any:  # noqa: ANN401 - rows of a schema that is gone
    connection = op.get_bind()
    old = sa.table("ledger", *(sa.column(name) for name in ("municipality_code", "half_year", "kind", "people")))
    old_claim, old_recorded = sa.column("claim_id", sa.Uuid()), sa.column("recorded_at", UtcDateTime())
    rows = connection.execute(sa.select(*old.c, old_claim, old_recorded).select_from(old)).all()
    op.drop_table("ledger")
    return rows


def _fill_ledger(rows: Any) -> None:  # noqa: ANN401 - as above
    lines = [line for row in rows for line in _converted(row, rows)]
    if lines:
        op.bulk_insert(_LEDGER, lines)


_LEDGER = sa.table(
    "ledger",
    sa.column("id", sa.Uuid()),
    sa.column("booking_id", sa.Uuid()),
    sa.column("municipality_code", sa.Text()),
    sa.column("half_year", sa.Text()),
    sa.column("account", sa.Text()),
    sa.column("kind", sa.Text()),
    sa.column("people", sa.Integer()),
    sa.column("claim_id", sa.Uuid()),
    sa.column("effective_at", UtcDateTime()),
    sa.column("recorded_at", UtcDateTime()),
)


def _converted(row: Any, rows: Any) -> list[dict[str, object]]:  # noqa: ANN401 - as above
    """The single line of the first schema as a booking."""
    if row.kind == "task":
        return _booking(row, "quota", [(row.half_year, "national", -1), (row.half_year, "open", 1)])
    if row.kind == "claimed":
        return _booking(row, "claimed", [(row.half_year, "open", -1), (row.half_year, "claimed", 1)])
    claimed = next(line.half_year for line in rows if line.claim_id == row.claim_id and line.kind == "claimed")
    carried = []
    if claimed != row.half_year:
        carried = _booking(row, "claim_carried_out", [(claimed, "claimed", -1), (claimed, "open", 1)])
        carried += _booking(row, "claim_carried_in", [(row.half_year, "open", -1), (row.half_year, "claimed", 1)])
    return carried + _booking(row, "housed", [(row.half_year, "claimed", -1), (row.half_year, "housed", 1)])


def _booking(row: Any, kind: str, moves: list[tuple[str, str, int]]) -> list[dict[str, object]]:  # noqa: ANN401 - as above
    booking_id: UUID = system_identifiers()
    return [
        {
            "id": system_identifiers(),
            "booking_id": booking_id,
            "municipality_code": row.municipality_code,
            "half_year": half_year,
            "account": account,
            "kind": kind,
            "people": sign * row.people,
            "claim_id": row.claim_id,
            "effective_at": row.recorded_at,
            "recorded_at": row.recorded_at,
        }
        for half_year, account, sign in moves
    ]


def _fill_half_years(rows: Any) -> None:  # noqa: ANN401 - as above
    """The national numbers were not kept: what the municipalities' shares add up to is all that is known of them."""
    connection = op.get_bind()
    people = connection.execute(sa.text("SELECT COALESCE(SUM(inhabitants), 0) FROM populations")).scalar()
    half_years = sa.table(
        "half_years",
        sa.column("half_year", sa.Text()),
        sa.column("national_quota", sa.Integer()),
        sa.column("national_inhabitants", sa.Integer()),
        sa.column("set_at", UtcDateTime()),
    )
    for half_year in sorted({row.half_year for row in rows if row.kind == "task"}):
        tasks = [row for row in rows if row.kind == "task" and row.half_year == half_year]
        values = {
            "half_year": half_year,
            "national_quota": sum(row.people for row in tasks),
            "national_inhabitants": people,
            "set_at": min(row.recorded_at for row in tasks),
        }
        connection.execute(sa.insert(half_years).values(values))


def _forbid_changes() -> None:
    """Not only the code: the database itself refuses to change or remove a line."""
    message = "the ledger is only added to"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{message}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER ledger_only_added_to BEFORE UPDATE OR DELETE ON ledger "
            "FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER ledger_no_{change.lower()} BEFORE {change} ON ledger "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )


def _create_ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False, comment="lines of one booking sum to zero"),
        sa.Column("municipality_code", sa.Text(), nullable=False),
        sa.Column("half_year", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("swap_id", sa.Uuid(), nullable=True),
        sa.Column("merger_id", sa.Uuid(), nullable=True),
        sa.Column("effective_at", UtcDateTime(), nullable=False, comment="from when on it is true"),
        sa.Column("recorded_at", UtcDateTime(), nullable=False, comment="when it was written down"),
        sa.ForeignKeyConstraint(["municipality_code"], ["municipalities.code"]),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"]),
        sa.ForeignKeyConstraint(["swap_id"], ["quota_swaps.id"]),
        sa.ForeignKeyConstraint(["merger_id"], ["mergers.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ledger_of_quota", "ledger", ["half_year", "municipality_code"])
    op.create_index("ledger_of_municipality", "ledger", ["municipality_code", "half_year"])
    share, of_claim = sa.text("kind = 'quota' AND merger_id IS NULL"), sa.text("claim_id IS NOT NULL")
    op.create_index(
        "ledger_one_quota",
        "ledger",
        ["municipality_code", "half_year", "account"],
        unique=True,
        postgresql_where=share,
        sqlite_where=share,
    )
    op.create_index(
        "ledger_once_per_claim",
        "ledger",
        ["claim_id", "kind", "account", "half_year"],
        unique=True,
        postgresql_where=of_claim,
        sqlite_where=of_claim,
    )
