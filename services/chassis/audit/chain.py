"""Seals what happened into the log, line by line, and finds out whether anybody changed it since."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from sqlalchemy import Executable, delete, func, select

from services.chassis.audit.tables import AuditTables
from services.chassis.canonical import canonical_json
from services.chassis.database import Insertion, Row, one_of
from services.chassis.unit_of_work import UnitOfWork

SEALED_AT_ONCE = 500
LONGEST_PENDING = timedelta(minutes=5)
"""What is not sealed by then shows that nobody seals."""
BEGINNING = "0" * 64
FINDINGS_LIMIT = 100
PAGE = 1000


@dataclass(frozen=True, slots=True)
class Head:
    """The last line of a log: who notes it can tell later whether lines were taken from the end."""

    sequence: int
    digest: str


async def head(unit: UnitOfWork, tables: AuditTables) -> Head:
    """The last line; before the first one, a beginning that all logs share."""
    row = (await unit.execute(_last(tables))).first()
    return Head(row.sequence, row.digest) if row else Head(0, BEGINNING)


Follow = Callable[[UnitOfWork, Sequence[Row]], Awaitable[None]]
"""What else is to be done with lines that are sealed, in the same transaction."""


async def nothing_more(_unit: UnitOfWork, _lines: Sequence[Row]) -> None:
    """For a log that nothing follows from."""


async def seal(unit: UnitOfWork, tables: AuditTables, follow: Follow = nothing_more) -> int:
    """Move what is pending into the log, the earliest first; gives how many lines that were, at most 500.

    Whoever else seals at this moment waits for the same rows, and then finds them gone.
    """
    rows = await unit.execute(_pending(tables))
    if not rows:
        return 0
    last, sealed = await head(unit, tables), []
    for row in rows:
        last = Head(last.sequence + 1, digest(last.digest, row))
        sealed.append(_line(row) | {"sequence": last.sequence, "digest": last.digest})
    await unit.write(Insertion(tables.log), sealed)
    await follow(unit, rows)
    await unit.execute(_sealed(tables), {"ids": [row.id for row in rows]})
    return len(sealed)


@lru_cache(maxsize=16)
def _pending(tables: AuditTables) -> Executable:
    pending = tables.pending
    return select(pending).order_by(pending.c.id).limit(SEALED_AT_ONCE).with_for_update()


@lru_cache(maxsize=16)
def _sealed(tables: AuditTables) -> Executable:
    return delete(tables.pending).where(one_of(tables.pending.c.id, "ids"))


@lru_cache(maxsize=16)
def _last(tables: AuditTables) -> Executable:
    return select(tables.log.c.sequence, tables.log.c.digest).order_by(tables.log.c.sequence.desc()).limit(1)


def digest(before: str, row: Row) -> str:
    """The SHA-256 of a line, and with it of all lines before."""
    line = {name: _text(value) for name, value in _line(row).items()}
    return hashlib.sha256(f"{before}\n{canonical_json(line)}".encode()).hexdigest()


def _line(row: Row) -> dict[str, object]:
    """What happened, without its place in the log."""
    names = tuple(row.keys())
    return {name: row[name] for name in names if name not in {"sequence", "digest"}}


def _text(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    return str(value) if isinstance(value, UUID) else value


async def verify(
    unit: UnitOfWork, tables: AuditTables, noted: Head | None = None, progress: Callable[[int], None] = lambda _: None
) -> list[str]:
    """Whatever shows that the log is not as it was written, at most 100 findings; `noted` is a head seen earlier.

    `progress` is called with the number of lines read so far. After a line that was changed the others are judged by
    the digest that it has, so each finding is a place where somebody was.
    """
    found, last, was_met = list[str](), Head(0, BEGINNING), noted is None
    async for row in _lines(unit, tables):
        found += _wrong(row, last)
        last = Head(row.sequence, row.digest)
        was_met = was_met or last == noted
        if row.sequence % PAGE == 0:
            progress(row.sequence)
        if len(found) >= FINDINGS_LIMIT:
            return found
    if not was_met and noted is not None:
        found.append(f"line {noted.sequence} is not the one that was noted")
    return found + await _unsealed(unit, tables)


@dataclass(frozen=True, slots=True)
class Part:
    """What was found in a part of a log, and where that ends."""

    findings: list[str]
    lines: int
    head: Head
    complete: bool
    """There is nothing after it."""


async def head_at(unit: UnitOfWork, tables: AuditTables, line: int) -> Head:
    """A line as it is now; of one that is not there, with a digest that none has."""
    if not line:
        return Head(0, BEGINNING)
    log = tables.log
    row = (await unit.execute(select(log.c.digest).where(log.c.sequence == line))).first()
    return Head(line, BEGINNING if row is None else row.digest)


async def verify_some(unit: UnitOfWork, tables: AuditTables, since: Head, limit: int) -> Part:
    """The same of at most `limit` lines after one; what is not sealed is told with the last of them."""
    found, last, lines = list[str](), since, 0
    async for row in _lines(unit, tables, since.sequence):
        if lines == limit or len(found) >= FINDINGS_LIMIT:
            return Part(found, lines, last, complete=False)
        found += _wrong(row, last)
        last, lines = Head(row.sequence, row.digest), lines + 1
    return Part(found + await _unsealed(unit, tables), lines, last, complete=True)


def _wrong(row: Row, last: Head) -> list[str]:
    """What shows that a line is not the one that was written after the last."""
    if row.sequence != last.sequence + 1:
        return [f"lines {last.sequence + 1} to {row.sequence - 1} are missing"]
    return [] if row.digest == digest(last.digest, row) else [f"line {row.sequence} is not what was written"]


async def _lines(unit: UnitOfWork, tables: AuditTables, last: int = 0) -> AsyncIterator[Row]:
    log = tables.log
    while rows := await unit.execute(select(log).where(log.c.sequence > last).order_by(log.c.sequence).limit(PAGE)):
        for row in rows:
            yield row
        last = rows[-1].sequence


async def _unsealed(unit: UnitOfWork, tables: AuditTables) -> list[str]:
    pending = tables.pending
    late = select(func.count().label("count")).select_from(pending).where(pending.c.at < unit.now - LONGEST_PENDING)
    count = (await unit.execute(late))[0].count
    return [f"{count} lines are not sealed, the oldest for more than five minutes: no service seals them"] * bool(count)
