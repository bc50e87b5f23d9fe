"""Decisions keep what they looked at, and the explanation that follows from it; placements are found by list and time.

What was explained before is kept: those passed over, in their order, with their reasons. It cannot be replayed.
"""

import json
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BATCH = 500
FULFILLED = sa.text("state = 'fulfilled'")
OLD = ("passed_over", "more_passed_over", "profiles_passed_over")

decisions = sa.table(
    "decisions",
    sa.column("id", sa.Uuid),
    sa.column("entry_id", sa.Uuid),
    sa.column("passed_over", sa.Text),
    sa.column("more_passed_over", sa.Boolean),
    sa.column("snapshot", sa.Text),
    sa.column("explanation", sa.Text),
    sa.column("digest", sa.Text),
)
entries = sa.table(
    "entries", sa.column("id", sa.Uuid), sa.column("precedence", sa.SmallInteger), sa.column("waiting_since", sa.Text)
)


def upgrade() -> None:
    op.add_column("decisions", sa.Column("snapshot", sa.Text(), nullable=True))
    op.add_column("decisions", sa.Column("explanation", sa.Text(), nullable=False, server_default=""))
    op.add_column("decisions", sa.Column("digest", sa.Text(), nullable=False, server_default=""))
    _convert(op.get_bind())
    with op.batch_alter_table("decisions") as table:
        table.alter_column("explanation", server_default=None)
        table.alter_column("digest", server_default=None)
        for name in OLD:
            table.drop_column(name)
    op.create_index(
        "offers_fulfilled",
        "offers",
        ["waitlist", "decided_at", "id"],
        postgresql_where=FULFILLED,
        sqlite_where=FULFILLED,
    )


def _convert(connection: sa.Connection) -> None:
    last = UUID(int=0)
    while rows := connection.execute(
        sa.select(decisions).where(decisions.c.id > last).order_by(decisions.c.id).limit(BATCH)
    ).all():
        for row in rows:
            explanation = _explanation(connection, row)
            digest = sha256(f"\n{explanation}".encode()).hexdigest()
            changed = decisions.update().where(decisions.c.id == row.id)
            connection.execute(changed.values(explanation=explanation, digest=digest))
        last = rows[-1].id


def _explanation(connection: sa.Connection, row: sa.Row[Any]) -> str:
    passed = json.loads(row.passed_over)
    ids = [item["entryId"] for item in passed]
    places = {
        place.id: (place.precedence, place.waiting_since)
        for place in connection.execute(sa.select(entries).where(entries.c.id.in_([*map(UUID, ids), row.entry_id])))
    }
    own = places[row.entry_id]
    reasons = [list(item) for item in dict.fromkeys(tuple(item["reasons"]) for item in passed)]
    value = {
        "ahead": [[_rule(places[UUID(item["entryId"])], own), reasons.index(item["reasons"])] for item in passed],
        "atLeast": bool(row.more_passed_over),
        "chosen": str(row.entry_id),
        "counted": [],
        "entries": ids,
        "reasons": reasons,
    }
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _rule(ahead: tuple[int, Any], own: tuple[int, Any]) -> str:
    if ahead[0] != own[0]:
        return "more-urgent"
    return "waiting-longer" if ahead[1] != own[1] else "tie"
