"""Where a message goes that cannot be handled: kept whole, with the reason, until an operator decides."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Table, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from schemas import catalogue
from schemas.envelope import InvalidMessage
from services.chassis.broker.port import Delivery
from services.chassis.broker.topology import first_said, said_again
from services.chassis.database import Row
from services.chassis.errors import Conflict, NotFound
from services.chassis.tables import MessageTables
from services.chassis.unit_of_work import UnitOfWork

WAITING, REPLAYED, DROPPED = "waiting", "replayed", "dropped"
LIST_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class QuarantinedMessage:
    """What may be shown of a quarantined message: everything but its payload."""

    id: str
    routing_key: str
    message_id: str
    reason: str
    attempts: int
    status: str
    received_at: datetime
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """A delivery that could not be handled, why (without any of its values), and after how many attempts."""

    delivery: Delivery
    reason: str
    attempts: int


async def keep(unit: UnitOfWork, quarantine: Table, rejected: Sequence[Rejected]) -> None:
    """Store these messages. One that was here before, and was replayed in vain, waits again."""
    dialect = unit.connection.dialect.name
    upsert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(quarantine)
    renewed = ("reason", "attempts", "status", "received_at")
    statement = upsert.on_conflict_do_update(
        index_elements=[quarantine.c.id], set_={name: upsert.excluded[name] for name in renewed}
    )
    await unit.execute(statement, [_row(item, unit.now) for item in rejected])


def _row(item: Rejected, now: datetime) -> dict[str, object]:
    delivery = item.delivery
    return {
        "id": identifier(delivery),
        "routing_key": _storable(delivery.routing_key, 255),
        "message_id": _storable(delivery.message_id, 255),
        "body": base64.b64encode(delivery.body).decode(),
        "reason": _storable(item.reason, 1000),
        "attempts": item.attempts,
        "status": WAITING,
        "received_at": now,
    }


def identifier(delivery: Delivery) -> str:
    """What a quarantined message is known by, to operators and in logs: what its publisher wrote beside it is not."""
    return hashlib.sha256(delivery.body).hexdigest()


def _storable(written: str, longest: int) -> str:
    """Text as any database takes it: a publisher may write control characters, which PostgreSQL refuses in part."""
    return "".join(character if character.isprintable() else "\ufffd" for character in written[:longest])


def is_decided(quarantine: Table) -> ColumnElement[bool]:
    """Whether an operator has replayed or dropped it."""
    return quarantine.c.status != WAITING


async def waiting(unit: UnitOfWork, quarantine: Table, *, every_status: bool = False) -> list[QuarantinedMessage]:
    """The messages that wait for an operator, oldest first; with `every_status` also what was decided."""
    query = select(quarantine).order_by(quarantine.c.received_at, quarantine.c.id).limit(LIST_LIMIT)
    if not every_status:
        query = query.where(quarantine.c.status == WAITING)
    return [_summary(row) for row in (await unit.execute(query))]


async def find(unit: UnitOfWork, quarantine: Table, prefix: str) -> QuarantinedMessage:
    """One message by its id, or by an unambiguous beginning of it."""
    return _summary(await _row_of(unit, quarantine, prefix))


async def replay(
    unit: UnitOfWork, tables: MessageTables, service: str, prefix: str, repaired: bytes | None = None
) -> None:
    """Let the service say the message to itself again, as it was or `repaired`. One that it had handled, it ignores.

    Raises NotFound, Conflict when it is no longer waiting, or InvalidMessage when it would only come back.
    """
    quarantine, outbox = tables.quarantine, tables.outbox
    row = await _row_of(unit, quarantine, prefix)
    _must_wait(row)
    event = catalogue.parse(repaired if repaired is not None else base64.b64decode(row["body"]))
    body = catalogue.encode(event).decode()
    entry = {"routing_key": said_again(service, catalogue.routing_key(event)), "body": body}
    known = await unit.execute(select(outbox.c.id).where(outbox.c.id == event.id))
    if known.first() is None:
        await unit.execute(insert(outbox).values(id=event.id, created_at=unit.now, **entry))
    else:
        await unit.execute(
            update(outbox).where(outbox.c.id == event.id).values(sent_at=None, claimed_until=None, **entry)
        )
    await _decide(unit, quarantine, row["id"], REPLAYED)


def check_repair(message: QuarantinedMessage, repaired: bytes) -> None:
    """What is repaired is the same event: nobody says something else under its name. Raises InvalidMessage."""
    event = catalogue.parse(repaired)
    if (str(event.id), catalogue.routing_key(event)) != (message.message_id, first_said(message.routing_key)):
        raise InvalidMessage("it has another id or type than the message that it stands for")


async def drop(unit: UnitOfWork, quarantine: Table, prefix: str) -> None:
    """Decide that the message is not wanted. It stays on record, and is not listed any more."""
    row = await _row_of(unit, quarantine, prefix)
    _must_wait(row)
    await _decide(unit, quarantine, row["id"], DROPPED)


async def _row_of(unit: UnitOfWork, quarantine: Table, prefix: str) -> Row:
    query = select(quarantine).where(quarantine.c.id.startswith(prefix, autoescape=True)).limit(2).with_for_update()
    rows = await unit.execute(query)
    if not rows:
        raise NotFound("No message in quarantine has an id that begins so; `doorstroom quarantine list` shows them.")
    if len(rows) > 1:
        raise Conflict("More than one message has an id that begins so; give more of it.")
    return rows[0]


def _must_wait(row: Row) -> None:
    if row["status"] != WAITING:
        raise Conflict(f"This message was {row['status']} before; only a waiting one can be decided.")


async def _decide(unit: UnitOfWork, quarantine: Table, id_: str, status: str) -> None:
    await unit.execute(update(quarantine).where(quarantine.c.id == id_).values(status=status))


def _summary(row: Row) -> QuarantinedMessage:
    shown = ("id", "routing_key", "message_id", "reason", "attempts", "status", "received_at")
    return QuarantinedMessage(**{name: row[name] for name in shown}, size_bytes=len(base64.b64decode(row["body"])))
