"""Which offers wait for an answer, and when somebody is reminded of each next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Integer, bindparam, select

from services.chassis.database import Change, Removal, Row, Upsert, UtcDateTime, one_of
from services.chassis.unit_of_work import UnitOfWork
from services.notifications.domain.ladders import Span
from services.notifications.tables import recipients, reminders

_UPSERT = Upsert(reminders, keeps=("told_until",))
_REMOVAL = Removal(reminders)
_CHANGE = Change(reminders, ("told_until", "due_at"))
_OTHER_SPAN = Change(reminders, ("began_at", "deadline_at", "due_at"))

_BY_MOMENT = (reminders.c.due_at, reminders.c.id)
_WAITING = reminders.c.due_at.is_not(None)
# Asked every second, so built once.
_DUE = (
    select(reminders.c.id, reminders.c.recipient)
    .where(_WAITING, reminders.c.due_at <= bindparam("now", type_=UtcDateTime))
    .order_by(*_BY_MOMENT)
    .limit(bindparam("limit", type_=Integer))
)
_NEXT = select(reminders.c.due_at).where(_WAITING).order_by(*_BY_MOMENT).limit(1)


@dataclass(frozen=True, slots=True)
class Pending:
    """An offer that waits for an answer. `told_until`: every step up to then has been taken."""

    id: UUID
    recipient: str
    list_kind: str
    span: Span
    told_until: datetime
    due_at: datetime | None


async def add(unit: UnitOfWork, pending: Sequence[Pending]) -> None:
    """Remember these; of what is known, what was said of it is not said again."""
    await unit.write(_UPSERT, [_row(item) for item in pending])


async def remove(unit: UnitOfWork, ids: Sequence[UUID]) -> None:
    """There is nothing to remind of any more."""
    await unit.write(_REMOVAL, [{"id": id_} for id_ in ids])


async def save(unit: UnitOfWork, pending: Sequence[Pending]) -> None:
    """Store what was said, and when there is more to say."""
    await unit.write(_CHANGE, [_row(item) for item in pending])


async def change_spans(unit: UnitOfWork, pending: Sequence[Pending]) -> None:
    """Store from when and until when somebody could answer, and when there is more to say."""
    await unit.write(_OTHER_SPAN, [_row(item) for item in pending])


async def due(unit: UnitOfWork, limit: int) -> Sequence[Row]:
    """What may be due now, and whose it is; nothing is held yet."""
    return await unit.execute(_DUE, {"now": unit.now, "limit": limit})


_HOLD = (
    select(reminders)
    .where(one_of(reminders.c.id, "ids"), _WAITING, reminders.c.due_at <= bindparam("now", type_=UtcDateTime))
    .order_by(reminders.c.id)
    .with_for_update()
)
_HOLD_WAITING = select(reminders).where(one_of(reminders.c.id, "ids")).order_by(reminders.c.id).with_for_update()
_ARE_WAITING = select(reminders.c.id).where(one_of(reminders.c.id, "ids"))


async def hold_recipients(unit: UnitOfWork, ids: Sequence[str]) -> None:
    """Hold these recipients' numbers, in the order in which everyone does: nothing else is said to them meanwhile."""
    query = select(recipients.c.id).where(recipients.c.id.in_(sorted(set(ids))))
    await unit.execute(query.order_by(recipients.c.id).with_for_update())


async def hold(unit: UnitOfWork, ids: Sequence[UUID]) -> list[Pending]:
    """Hold those of these that still wait, as they are now."""
    return [_pending(row) for row in await unit.execute(_HOLD, {"ids": ids, "now": unit.now})]


async def hold_waiting(unit: UnitOfWork, ids: Sequence[UUID]) -> list[Pending]:
    """Hold those of these that wait for an answer."""
    return [_pending(row) for row in await unit.execute(_HOLD_WAITING, {"ids": ids})]


async def next_due(unit: UnitOfWork) -> datetime | None:
    """When the next one is due."""
    row = (await unit.execute(_NEXT)).first()
    return row.due_at if row else None


def _row(item: Pending) -> dict[str, object]:
    return {
        "id": item.id,
        "recipient": item.recipient,
        "list_kind": item.list_kind,
        "began_at": item.span.began_at,
        "deadline_at": item.span.deadline_at,
        "told_until": item.told_until,
        "due_at": item.due_at,
    }


def _pending(row: Row) -> Pending:
    span = Span(row["began_at"], row["deadline_at"])
    return Pending(row["id"], row["recipient"], row["list_kind"], span, row["told_until"], row["due_at"])


async def waiting(unit: UnitOfWork, ids: Sequence[UUID]) -> set[UUID]:
    """Those of these offers that wait for an answer."""
    return {row.id for row in await unit.execute(_ARE_WAITING, {"ids": ids})}
