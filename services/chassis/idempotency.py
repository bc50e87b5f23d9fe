"""Idempotency keys: a request that is sent twice has its effect once, and both times the same answer.

The way of the IETF draft `Idempotency-Key`. It is optimistic: the answer is stored at the end of the handler's own
transaction, by one INSERT. When that key was used before, the primary key refuses it, the whole transaction is rolled
back, and the stored answer is given again.
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import (
    Column,
    Executable,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    select,
)

from services.chassis.canonical import canonical_json
from services.chassis.database import Insertion, UtcDateTime, Write
from services.chassis.errors import Conflict

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class Executor(Protocol):
    """What works in the open transaction: a unit of work."""

    @property
    def concerned(self) -> Collection[UUID]:
        """The cases that were read or changed."""
        ...

    def execute(self, statement: Executable, parameters: Any = None, /) -> Awaitable[Any]:  # noqa: ANN401 - SQLAlchemy's own
        """Run one statement."""

    def write(self, write: Write, rows: Sequence[Mapping[str, Any]], /) -> Awaitable[None]:
        """Take rows, to be written by the end of the transaction."""


class KeyReused(Conflict):
    """The key was used before, for another request."""

    type = "idempotency-key-reused"
    title = "The Idempotency-Key was used for another request"


@dataclass(frozen=True, slots=True)
class Command:
    """Whose key it is, and the fingerprint of the request that it stands for."""

    organisation: str
    subject: str
    key: str
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class StoredReply:
    """The answer to a command, as it is sent and as it is sent again."""

    status: int
    body: bytes | None
    headers: Mapping[str, str]
    kept: bytes | None = None
    """What is stored instead of the body, where that shows what is shown once."""


def idempotency_keys_table(metadata: MetaData) -> Table:
    """Declare the table in a service's metadata. The key belongs to one client of one organisation."""
    return Table(
        "idempotency_keys",
        metadata,
        Column("organisation", Text, primary_key=True),
        Column("subject", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("request_hash", LargeBinary, nullable=False, comment="SHA-256 of method, path and canonical body"),
        Column("status", Integer, nullable=False),
        Column("body", LargeBinary),
        Column("headers", Text, nullable=False, comment="JSON object of the headers that belong to the answer"),
        Column("created_at", UtcDateTime, nullable=False),
        Index("idempotency_keys_created", "created_at"),
    )


def is_valid_key(key: str) -> bool:
    """Whether this can be a key: 1 to 255 visible ASCII characters."""
    return _KEY.fullmatch(key) is not None


def request_hash(method: str, path: str, body: object) -> bytes:
    """Fingerprint of a request. Two JSON bodies that differ only in spaces or the order of keys are the same."""
    canonical = canonical_json(body)
    return hashlib.sha256(f"{method}\n{path}\n{canonical}".encode()).digest()


async def remember(executor: Executor, table: Table, command: Command, reply: StoredReply, now: datetime) -> None:
    """Store the answer in the transaction that has its effect.

    That transaction ends with UniqueViolation when the key was used before.
    """
    row = {
        "organisation": command.organisation,
        "subject": command.subject,
        "key": command.key,
        "request_hash": command.request_hash,
        "status": reply.status,
        "body": reply.body if reply.kept is None else reply.kept,
        "headers": json.dumps(dict(reply.headers)) if reply.headers else "{}",
        "created_at": now,
    }
    await executor.write(_insertion(table), [row])


@lru_cache(maxsize=64)
def _insertion(table: Table) -> Insertion:
    return Insertion(table)


async def recall(executor: Executor, table: Table, command: Command) -> StoredReply | None:
    """The answer given before to this command, or None. Raises KeyReused when the key was for another request."""
    columns = table.c
    query = select(columns.request_hash, columns.status, columns.body, columns.headers).where(
        columns.organisation == command.organisation,
        columns.subject == command.subject,
        columns.key == command.key,
    )
    row = (await executor.execute(query)).one_or_none()
    if row is None:
        return None
    ensure_same(command, row.request_hash)
    return StoredReply(row.status, row.body, json.loads(row.headers))


def ensure_same(command: Command, stored_hash: bytes) -> None:
    """Raises KeyReused when the stored request is not this one."""
    if stored_hash != command.request_hash:
        detail = "Use a new Idempotency-Key for each new request; repeat one only to send the very same request again."
        raise KeyReused(detail)
