"""Warnings before reflection periods end, calls for somebody to contact a household, placements in conflict."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from services.chassis.database import UtcDateTime

revision = "0005"
down_revision = "0004"

_DAYS_BEFORE = (14, 3)


def upgrade() -> None:
    said = "when it is next to be said that it ends soon"
    op.add_column("reflection_periods", sa.Column("warn_at", UtcDateTime(), nullable=True, comment=said))
    often = sa.Column(
        "warnings", sa.SmallInteger(), nullable=False, server_default="0", comment="how often that was said"
    )
    op.add_column("reflection_periods", often)
    condition = sa.text("warn_at IS NOT NULL")
    op.create_index(
        "reflection_periods_to_warn",
        "reflection_periods",
        ["warn_at", "case_id"],
        postgresql_where=condition,
        sqlite_where=condition,
    )
    _warn_of_those_that_run()
    why = "why they cannot be in that unit, as its provider's service says"
    op.add_column("placements", sa.Column("conflict", sa.Text(), comment=why))
    for_whom = "for somebody to contact them"
    op.add_column(
        "entries", sa.Column("calls", sa.SmallInteger(), nullable=False, server_default="0", comment=for_whom)
    )


def _warn_of_those_that_run() -> None:
    periods = sa.table(
        "reflection_periods",
        sa.column("case_id", sa.Uuid()),
        sa.column("last_day", sa.Date()),
        sa.column("ended_on", sa.Date()),
        sa.column("warn_at", UtcDateTime()),
    )
    now, connection = datetime.now(UTC), op.get_bind()
    running = sa.select(periods.c.case_id, periods.c.last_day).where(periods.c.ended_on.is_(None))
    for case_id, last_day in connection.execute(running).all():
        days = [last_day + timedelta(days=1 - before) for before in _DAYS_BEFORE]
        moments = [datetime.combine(day, time(), ZoneInfo("Europe/Amsterdam")).astimezone(UTC) for day in days]
        warn_at = min((moment for moment in moments if moment > now), default=None)
        connection.execute(periods.update().where(periods.c.case_id == case_id).values(warn_at=warn_at))
