"""The notifications' facts in their database."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import Executable, Integer, Select, Text, Uuid, bindparam, or_, select, true
from sqlalchemy.dialects import postgresql, sqlite

from services.chassis.database import POSTGRESQL, Change, Insertion, Row, list_parameters, listed, one_of
from services.chassis.unit_of_work import UnitOfWork
from services.notifications.domain.selection import Filing
from services.notifications.tables import notifications, recipients, subjects

_INSERT = Insertion(notifications)
_FILE = Change(subjects, ("waitlist", "region", "case_id"))
_FILED = select(subjects).where(one_of(subjects.c.id, "ids"), subjects.c.case_id.is_not(None))
_later = notifications.alias("later")
_FOLLOWED = (
    select(notifications.c.id)
    .join(_later, (_later.c.recipient == notifications.c.recipient) & (_later.c.sequence > notifications.c.sequence))
    .where(
        one_of(notifications.c.id, "ids"),
        _later.c.subject == notifications.c.subject,
        _later.c.kind == bindparam("by_kind"),
    )
)


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened: whom it concerns, what kind of thing, about what, at which version of it."""

    recipient: str
    kind: str
    subject: UUID
    version: int
    dataref: str
    list_kind: str | None = None
    """What the list is for, where the event knows one."""


@dataclass(frozen=True, slots=True)
class StoredNotification:
    """News in a recipient's inbox."""

    id: UUID
    recipient: str
    sequence: int
    kind: str
    subject: UUID
    dataref: str
    notified_at: datetime
    list_kind: str | None = None


async def newer(unit: UnitOfWork, news: Sequence[News]) -> list[News]:
    """What is really new: not about an older state of its subject than was told before. Remembers the versions."""
    newest = {item.subject: max(other.version for other in news if other.subject == item.subject) for item in news}
    dialect = unit.connection.dialect.name
    told = list_parameters(dialect, ["id", "version"], sorted(newest.items()))
    fresh = {row.id for row in await unit.execute(_raise_versions(dialect), told)}
    return [item for item in news if item.subject in fresh and item.version == newest[item.subject]]


@lru_cache(maxsize=2)
def _raise_versions(dialect: str) -> Executable:
    rows = listed(dialect, {"id": Uuid(), "version": Integer()})
    upsert = (postgresql.insert if dialect == POSTGRESQL else sqlite.insert)(subjects)
    # SQLite needs a WHERE between a SELECT and ON CONFLICT.
    upsert = upsert.from_select(["id", "version"], select(rows.c.id, rows.c.version).where(true()))
    rising = upsert.on_conflict_do_update(
        index_elements=[subjects.c.id],
        set_={"version": upsert.excluded.version},
        where=subjects.c.version < upsert.excluded.version,
    )
    return rising.returning(subjects.c.id)


async def add(unit: UnitOfWork, news: Sequence[News]) -> list[StoredNotification]:
    """Put news into its recipients' inboxes, numbered without gaps: the number is taken under the recipient's lock."""
    last = await _take_numbers(unit, Counter(item.recipient for item in news))
    remaining = Counter(item.recipient for item in news)
    stored = []
    for item in news:
        sequence = last[item.recipient] - remaining[item.recipient] + 1
        remaining[item.recipient] -= 1
        stored.append(
            StoredNotification(
                unit.identifiers(),
                item.recipient,
                sequence,
                item.kind,
                item.subject,
                item.dataref,
                unit.now,
                item.list_kind,
            )
        )
    await unit.write(_INSERT, [_row(item) for item in stored])
    return stored


async def _take_numbers(unit: UnitOfWork, counts: Counter[str]) -> dict[str, int]:
    dialect = unit.connection.dialect.name
    taken = list_parameters(dialect, ["id", "count"], sorted(counts.items()))
    return {row.id: row.last_sequence for row in await unit.execute(_raise_numbers(dialect), taken)}


@lru_cache(maxsize=2)
def _raise_numbers(dialect: str) -> Executable:
    rows = listed(dialect, {"id": Text(), "count": Integer()})
    upsert = (postgresql.insert if dialect == POSTGRESQL else sqlite.insert)(recipients)
    # In the order of the ids, so that two transactions take their locks in one order.
    taken = select(rows.c.id, rows.c.count).where(true()).order_by(rows.c.id)
    upsert = upsert.from_select(["id", "last_sequence"], taken)
    raised = upsert.on_conflict_do_update(
        index_elements=[recipients.c.id],
        set_={"last_sequence": recipients.c.last_sequence + upsert.excluded.last_sequence},
    )
    return raised.returning(recipients.c.id, recipients.c.last_sequence)


async def file(unit: UnitOfWork, filings: Mapping[UUID, Filing]) -> None:
    """Remember under what these offers are filed; their versions are remembered already."""
    await unit.write(_FILE, [{"id": id_} | asdict(filing) for id_, filing in filings.items()])


async def filings(unit: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, Filing]:
    """Under what these are filed, where that is known."""
    rows = await unit.execute(_FILED, {"ids": ids})
    return {row.id: Filing(row.waitlist, row.region, row.case_id) for row in rows}


async def after(unit: UnitOfWork, recipient: str, sequence: int, limit: int) -> list[StoredNotification]:
    """A recipient's notifications after this number, in order."""
    later = of_recipient(recipient).where(notifications.c.sequence > sequence)
    return await find(unit, later.order_by(notifications.c.sequence).limit(limit))


def of_recipient(recipient: str) -> Select[tuple[object, ...]]:
    """A recipient's notifications."""
    return select(notifications).where(notifications.c.recipient == recipient)


def chosen_after(
    recipient: str, sequence: int, kinds: Collection[str], list_kinds: Collection[str]
) -> Select[tuple[object, ...]]:
    """A recipient's after this number, in order: of these kinds and lists, where any are named."""
    query = of_recipient(recipient).where(notifications.c.sequence > sequence)
    if kinds:
        query = query.where(notifications.c.kind.in_(sorted(kinds)))
    if list_kinds:
        of_list = notifications.c.list_kind
        query = query.where(or_(of_list.is_(None), of_list.in_(sorted(list_kinds))))
    return query.order_by(notifications.c.sequence)


async def find(unit: UnitOfWork, statement: Select[tuple[object, ...]]) -> list[StoredNotification]:
    """The notifications that the statement finds."""
    return [_stored(row) for row in (await unit.execute(statement))]


async def followed_by(unit: UnitOfWork, deliveries: Sequence[Row], kind: str) -> set[UUID]:
    """Those of these deliveries after whose notification there is one of this kind about the same."""
    ids = [row.notification_id for row in deliveries]
    found = {row.id for row in await unit.execute(_FOLLOWED, {"ids": ids, "by_kind": kind})}
    return {row.id for row in deliveries if row.notification_id in found}


async def last_sequence(unit: UnitOfWork, recipient: str) -> int:
    """The number of the recipient's newest notification; zero when there is none."""
    query = select(recipients.c.last_sequence).where(recipients.c.id == recipient)
    row = (await unit.execute(query)).first()
    return int(row.last_sequence) if row else 0


async def last_sequences(unit: UnitOfWork, ids: Sequence[str]) -> dict[str, int]:
    """The newest numbers of several recipients; those who never got anything are missing."""
    query = select(recipients).where(recipients.c.id.in_(ids))
    return {row.id: row.last_sequence for row in await unit.execute(query)}


def _row(item: StoredNotification) -> dict[str, object]:
    names = ("id", "recipient", "sequence", "kind", "subject", "dataref", "notified_at", "list_kind")
    return {name: getattr(item, name) for name in names}


def _stored(row: Row) -> StoredNotification:
    return StoredNotification(**row)
