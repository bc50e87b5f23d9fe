"""Deliveries in the database: what is to be brought where, when next, and every attempt to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Executable,
    FromClause,
    Integer,
    Select,
    Uuid,
    and_,
    bindparam,
    delete,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from services.chassis.database import (
    POSTGRESQL,
    Change,
    Insertion,
    Row,
    UtcDateTime,
    list_parameters,
    listed,
    one_of,
)
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.notifications.domain.following import State
from services.notifications.store.inbox import StoredNotification
from services.notifications.tables import attempts, deliveries, notifications, subscriptions

LOAD_LIMIT = 100
"""How many deliveries of one subscription are taken at once."""
_SAVE = Change(deliveries, ("state", "tries", "attempts", "due_at", "settled_at"))
_ATTEMPTS = Insertion(attempts)
_PLANNED: dict[str, TypeEngine[Any]] = {
    "id": Uuid(),
    "subscription_id": Uuid(),
    "notification_id": Uuid(),
    "subject": Uuid(),
}
_LANES: dict[str, TypeEngine[Any]] = {"id": Uuid(), "by_subject": Integer()}
_IS_PENDING = deliveries.c.state == literal_column(f"'{State.PENDING}'")
"""In the text, and no parameter: only so can a prepared plan use the partial indexes."""


async def plan(unit: UnitOfWork, planned: Sequence[tuple[UUID, StoredNotification]], due_at: datetime) -> None:
    """Make deliveries of these to these subscriptions; what is there already is left as it is."""
    dialect = unit.connection.dialect.name
    rows = [[unit.identifiers(), id_, one.id, one.subject, one.sequence] for id_, one in planned]
    given = list_parameters(dialect, [*_PLANNED, "sequence"], rows)
    await unit.execute(_plan(dialect), {**given, "due_at": due_at, "created_at": unit.now})


async def load(unit: UnitOfWork, by_subject: Mapping[UUID, bool]) -> dict[UUID, list[Row]]:
    """What is due of each of these subscriptions, the earliest first: with the notification of each.

    Where it comes `by_subject`, nothing of which something earlier about the same subject is pending.
    """
    found: dict[UUID, list[Row]] = {id_: [] for id_ in by_subject}
    for row in await unit.execute(_load(unit.connection.dialect.name), {**_lanes(unit, by_subject), "now": unit.now}):
        found[row.subscription_id].append(row)
    return found


async def next_due(unit: UnitOfWork, by_subject: Mapping[UUID, bool]) -> dict[UUID, datetime | None]:
    """When something of each of these subscriptions can be brought next; None where nothing is pending."""
    rows = await unit.execute(_next_due(unit.connection.dialect.name), _lanes(unit, by_subject))
    return {row.id: row.moment for row in rows}


def _lanes(unit: UnitOfWork, by_subject: Mapping[UUID, bool]) -> dict[str, object]:
    rows = [[id_, int(one)] for id_, one in by_subject.items()]
    return list_parameters(unit.connection.dialect.name, list(_LANES), rows)


_THESE = select(deliveries).where(one_of(deliveries.c.id, "ids"))
_SKIP_THESE = (
    update(deliveries)
    .where(one_of(deliveries.c.id, "ids"), _IS_PENDING)
    .values(state=State.SKIPPED, due_at=None, settled_at=bindparam("now", type_=UtcDateTime))
)


async def as_they_are(unit: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """These, by id."""
    return {row.id: row for row in await unit.execute(_THESE, {"ids": ids})}


async def save(unit: UnitOfWork, changes: Sequence[Mapping[str, Any]], tried: Sequence[Mapping[str, Any]]) -> None:
    """Store what became of deliveries, and the attempts that led to it."""
    await unit.write(_SAVE, changes)
    await unit.write(_ATTEMPTS, tried)


def of_organisation(organisation: str, subscription_id: UUID | None, state: State | None) -> Select[Any]:
    """An organisation's deliveries, with the kind of each."""
    query = (
        select(deliveries, notifications.c.kind)
        .join(notifications, notifications.c.id == deliveries.c.notification_id)
        .join(subscriptions, subscriptions.c.id == deliveries.c.subscription_id)
        .where(subscriptions.c.organisation == organisation)
    )
    if subscription_id is not None:
        query = query.where(deliveries.c.subscription_id == subscription_id)
    return query if state is None else query.where(deliveries.c.state == state)


async def find(unit: UnitOfWork, id_: UUID, organisation: str) -> Row:
    """One of an organisation's. Raises NotFound."""
    query = of_organisation(organisation, None, None).where(deliveries.c.id == id_)
    row = (await unit.execute(query)).one_or_none()
    if row is None:
        raise NotFound("There is no such delivery to your organisation.")
    return row


async def attempts_of(unit: UnitOfWork, delivery_id: UUID, limit: int) -> Sequence[Row]:
    """The last attempts, the newest first."""
    query = select(attempts).where(attempts.c.delivery_id == delivery_id)
    return await unit.execute(query.order_by(attempts.c.number.desc()).limit(limit))


async def again(unit: UnitOfWork, chosen: ColumnElement[bool]) -> int:
    """Try these again from now on, as if they were new; gives how many."""
    values = {"state": State.PENDING, "tries": 0, "due_at": unit.now, "settled_at": None}
    changed = await unit.execute(update(deliveries).where(chosen).values(values).returning(deliveries.c.id))
    return len(changed)


async def skip(unit: UnitOfWork, subscription_id: UUID) -> None:
    """Leave everything that is pending of a subscription, visibly."""
    mine = update(deliveries).where(deliveries.c.subscription_id == subscription_id, _IS_PENDING)
    await unit.execute(mine.values(state=State.SKIPPED, due_at=None, settled_at=unit.now))


async def skip_these(unit: UnitOfWork, ids: Sequence[UUID]) -> None:
    """Leave these, visibly, as far as they are pending."""
    if ids:
        await unit.execute(_SKIP_THESE, {"ids": ids, "now": unit.now})


def lost_since(subscription_id: UUID, since: datetime) -> ColumnElement[bool]:
    """What a subscription did not get of what was news at this moment or later."""
    later = select(notifications.c.id).where(
        notifications.c.id == deliveries.c.notification_id, notifications.c.notified_at >= since
    )
    is_lost = deliveries.c.state.in_([State.DEAD, State.SKIPPED])
    return and_(deliveries.c.subscription_id == subscription_id, is_lost, later.exists())


async def first_since(unit: UnitOfWork, organisation: str, since: datetime) -> int | None:
    """The number of the first notification of an organisation's at this moment or later."""
    mine = (notifications.c.recipient == organisation) & (notifications.c.notified_at >= since)
    number: int | None = (
        (await unit.execute(select(func.min(notifications.c.sequence).label("first")).where(mine))).one().first
    )
    return number


async def count_settled(unit: UnitOfWork, oldest: datetime) -> int:
    """How many were settled before this moment."""
    old = select(func.count().label("number")).where(deliveries.c.settled_at < oldest)
    return int((await unit.execute(old)).one().number)


async def forget(unit: UnitOfWork, oldest: datetime, limit: int) -> int:
    """Forget a portion of what was settled before this moment, attempts included; gives how many."""
    old = select(deliveries.c.id).where(deliveries.c.settled_at.is_not(None), deliveries.c.settled_at < oldest)
    chosen = old.order_by(deliveries.c.settled_at).limit(limit)
    ids = [row.id for row in await unit.execute(chosen)]
    if ids:
        await unit.execute(delete(attempts).where(attempts.c.delivery_id.in_(ids)))
        await unit.execute(delete(deliveries).where(deliveries.c.id.in_(ids)))
    return len(ids)


@lru_cache(maxsize=2)
def _plan(dialect: str) -> Executable:
    rows = listed(dialect, {**_PLANNED, "sequence": BigInteger()})
    made = select(
        *rows.c,
        literal(State.PENDING.value),
        literal(0),
        literal(0),
        bindparam("due_at", type_=UtcDateTime),
        bindparam("created_at", type_=UtcDateTime),
    ).where(true())
    names = [*_PLANNED, "sequence", "state", "tries", "attempts", "due_at", "created_at"]
    new = (postgresql.insert if dialect == POSTGRESQL else sqlite.insert)(deliveries)
    unique = [deliveries.c.subscription_id, deliveries.c.notification_id]
    return new.from_select(names, made).on_conflict_do_nothing(index_elements=unique)


@lru_cache(maxsize=2)
def _load(dialect: str) -> Executable:
    lanes = listed(dialect, _LANES)
    is_due = and_(_IS_PENDING, deliveries.c.due_at <= bindparam("now", type_=UtcDateTime))
    first = _first(lanes)
    mine = deliveries.c.subscription_id == lanes.c.id
    order = (deliveries.c.due_at, deliveries.c.sequence)
    names = (deliveries.c.id, deliveries.c.subscription_id, deliveries.c.notification_id, deliveries.c.attempts)
    if dialect == POSTGRESQL:
        each = select(*names, *order).where(mine, is_due, first).order_by(*order).limit(LOAD_LIMIT).lateral("due")
        some = select(each).select_from(lanes).join(each, true()).subquery("some")
    else:
        place = func.row_number().over(partition_by=deliveries.c.subscription_id, order_by=order).label("place")
        every = select(*names, *order, place).join(lanes, mine).where(is_due, first).subquery("every")
        some = select(every).where(every.c.place <= LOAD_LIMIT).subquery("some")
    about = (notifications.c.recipient, notifications.c.kind, notifications.c.subject, notifications.c.dataref)
    query = select(
        some.c.id,
        some.c.subscription_id,
        some.c.notification_id,
        some.c.attempts,
        some.c.sequence,
        *about,
        notifications.c.notified_at,
        notifications.c.list_kind,
    )
    query = query.join(notifications, notifications.c.id == some.c.notification_id)
    return query.order_by(some.c.due_at, some.c.sequence)


@lru_cache(maxsize=2)
def _next_due(dialect: str) -> Executable:
    lanes = listed(dialect, _LANES)
    mine = select(func.min(deliveries.c.due_at)).where(deliveries.c.subscription_id == lanes.c.id, _IS_PENDING)
    moment = mine.where(_first(lanes)).correlate(lanes).scalar_subquery()
    return select(lanes.c.id, type_coerce(moment, UtcDateTime).label("moment"))


def _first(lanes: FromClause) -> ColumnElement[bool]:
    """Where it comes by subject, it does not wait for something earlier about the same."""
    earlier = deliveries.alias("earlier")
    waits = select(earlier.c.id).where(
        earlier.c.subscription_id == deliveries.c.subscription_id,
        earlier.c.subject == deliveries.c.subject,
        earlier.c.state == literal_column(f"'{State.PENDING}'"),
        earlier.c.sequence < deliveries.c.sequence,
    )
    return or_(lanes.c.by_subject == 0, ~waits.correlate(lanes, deliveries).exists())


def notification_of(row: Row) -> StoredNotification:
    """The notification that a loaded delivery is of."""
    return StoredNotification(
        row.notification_id,
        row.recipient,
        row.sequence,
        row.kind,
        row.subject,
        row.dataref,
        row.notified_at,
        row.list_kind,
    )
