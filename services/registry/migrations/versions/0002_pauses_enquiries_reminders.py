"""Entries that pause and lapse, offers that begin as enquiries, and reminders."""

import sqlalchemy as sa
from alembic import op

from services.chassis.database import UtcDateTime

revision = "0002"
down_revision = "0001"

_ACTIVE = "state IN ('enquired', 'made', 'accepted', 'fulfilled')"
_LIVE = "state IN ('waiting', 'offered', 'paused')"


def upgrade() -> None:
    _entries()
    _offers()


def _entries() -> None:
    ends, silent = "when the right to this kind of shelter ends", "unanswered offers in a row"
    for column in (
        sa.Column("eligible_until", UtcDateTime(), nullable=True, comment=ends),
        sa.Column("paused_until", UtcDateTime(), nullable=True),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.Column("silences", sa.SmallInteger(), nullable=False, server_default="0", comment=silent),
    ):
        op.add_column("entries", column)
    _replace("entries_live", "entries", ["case_id", "waitlist"], _LIVE, unique=True)
    _create("entries_to_resume", "entries", ["paused_until", "id"], "state = 'paused' AND paused_until IS NOT NULL")
    _create("entries_released", "entries", ["case_id"], "state = 'paused' AND pause_reason = 'accepted-elsewhere'")
    _create("entries_to_lapse", "entries", ["eligible_until", "id"], f"{_LIVE} AND eligible_until IS NOT NULL")


def _offers() -> None:
    said = "when its deadline is near; empty once that was said"
    op.add_column("offers", sa.Column("remind_at", UtcDateTime(), nullable=True, comment=said))
    op.add_column("offers", sa.Column("decided_by", sa.Text(), nullable=True, comment="the organisation that answered"))
    op.add_column("offers", sa.Column("undone", sa.Text(), nullable=True, comment="why its refusal was taken back"))
    _replace("offers_one_per_vacancy", "offers", ["vacancy_id"], _ACTIVE, unique=True)
    _replace("offers_one_per_entry", "offers", ["entry_id"], _ACTIVE, unique=True)
    _replace("offers_due", "offers", ["deadline_at", "id"], "state IN ('enquired', 'made')")
    _create("offers_accepted", "offers", ["case_id"], "state = 'accepted'")
    _create("offers_to_remind", "offers", ["remind_at", "id"], "state = 'made' AND remind_at IS NOT NULL")


def _replace(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.drop_index(name, table)
    _create(name, table, columns, where, unique=unique)


def _create(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, postgresql_where=condition, sqlite_where=condition)
