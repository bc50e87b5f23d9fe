"""The token endpoint's facts in its database."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update

from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.identity.tables import client_keys, clients, signing_keys, used_assertions

Jwk = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Client:
    """A system that may ask for tokens, and what they say."""

    id: str
    organisation: str
    role: str
    scopes: tuple[str, ...]
    registered_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A public key of a client; until when, if it was replaced."""

    client_id: str
    id: str
    jwk: Jwk
    added_at: datetime
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredSigningKey:
    """A key of our own, as it is kept."""

    number: int
    id: str
    private_key: str
    jwk: Jwk
    signs_from: datetime


async def find_client(unit: UnitOfWork, client_id: str) -> Client | None:
    """A client, revoked or not."""
    row = (await unit.execute(select(clients).where(clients.c.id == client_id))).one_or_none()
    return None if row is None else _client(row)


async def all_clients(unit: UnitOfWork) -> list[Client]:
    """Every client, by id."""
    return [_client(row) for row in await unit.execute(select(clients).order_by(clients.c.id))]


async def add_client(unit: UnitOfWork, client: Client) -> None:
    """Store a new client. Raises UniqueViolation."""
    row = {"id": client.id, "organisation": client.organisation, "role": client.role}
    scopes = " ".join(client.scopes)
    await unit.execute(insert(clients).values(**row, scopes=scopes, registered_at=client.registered_at))


async def revoke_client(unit: UnitOfWork, client_id: str) -> None:
    """From now on it gets no token; its keys are forgotten, and what it was stays on record."""
    await unit.execute(update(clients).where(clients.c.id == client_id).values(revoked_at=unit.now))
    await unit.execute(delete(client_keys).where(client_keys.c.client_id == client_id))


async def revoked_since(unit: UnitOfWork, moment: datetime) -> list[str]:
    """Whoever was revoked after this moment."""
    rows = await unit.execute(select(clients.c.id).where(clients.c.revoked_at > moment).order_by(clients.c.id))
    return [row.id for row in rows]


async def keys_of(unit: UnitOfWork, client_id: str) -> list[ClientKey]:
    """The keys of a client that count now, the newest first."""
    counts = or_(client_keys.c.ends_at.is_(None), client_keys.c.ends_at > unit.now)
    query = select(client_keys).where(client_keys.c.client_id == client_id, counts)
    rows = await unit.execute(query.order_by(client_keys.c.added_at.desc(), client_keys.c.id))
    return [ClientKey(row.client_id, row.id, json.loads(row.jwk), row.added_at, row.ends_at) for row in rows]


async def add_key(unit: UnitOfWork, key: ClientKey) -> None:
    """Store a key of a client. Raises UniqueViolation."""
    row = {"client_id": key.client_id, "id": key.id, "jwk": json.dumps(dict(key.jwk)), "added_at": key.added_at}
    await unit.execute(insert(client_keys).values(row))


async def end_keys(unit: UnitOfWork, client_id: str, ends_at: datetime) -> None:
    """Let the keys that a client has count no longer than this, and forget those that count no more."""
    mine = client_keys.c.client_id == client_id
    later = or_(client_keys.c.ends_at.is_(None), client_keys.c.ends_at > ends_at)
    await unit.execute(update(client_keys).where(mine, later).values(ends_at=ends_at))
    await unit.execute(delete(client_keys).where(mine, client_keys.c.ends_at <= unit.now))


async def used_since(unit: UnitOfWork, client_id: str, moment: datetime) -> int:
    """How many assertions of a client were accepted since then."""
    mine = (used_assertions.c.client_id == client_id, used_assertions.c.used_at > moment)
    row = (await unit.execute(select(func.count().label("number")).select_from(used_assertions).where(*mine))).one()
    return int(row.number)


async def use_assertion(unit: UnitOfWork, client_id: str, jti: str, forget_at: datetime) -> None:
    """Remember an assertion for as long as it could be used again. Raises UniqueViolation when it was used."""
    row = {"client_id": client_id, "jti": jti, "used_at": unit.now, "forget_at": forget_at}
    await unit.execute(insert(used_assertions).values(row))


async def forget_assertions(unit: UnitOfWork, limit: int) -> int:
    """Forget assertions that nobody could use again; how many."""
    old = (
        select(used_assertions.c.client_id, used_assertions.c.jti)
        .where(used_assertions.c.forget_at <= unit.now)
        .order_by(used_assertions.c.forget_at)
        .limit(limit)
    )
    found = await unit.execute(old)
    for row in found:
        mine = (used_assertions.c.client_id == row.client_id, used_assertions.c.jti == row.jti)
        await unit.execute(delete(used_assertions).where(*mine))
    return len(found)


async def find_signing_keys(unit: UnitOfWork) -> list[StoredSigningKey]:
    """Our own keys, in order."""
    rows = await unit.execute(select(signing_keys).order_by(signing_keys.c.number))
    return [StoredSigningKey(row.number, row.id, row.private_key, json.loads(row.jwk), row.signs_from) for row in rows]


async def add_signing_key(unit: UnitOfWork, key: StoredSigningKey, over: Sequence[int]) -> None:
    """Store a key of our own, and destroy those that are over. Raises UniqueViolation when another was faster."""
    row = {"number": key.number, "id": key.id, "private_key": key.private_key, "signs_from": key.signs_from}
    await unit.execute(insert(signing_keys).values(**row, jwk=json.dumps(dict(key.jwk))))
    await unit.execute(delete(signing_keys).where(signing_keys.c.number.in_(over)))


async def change_private_key(unit: UnitOfWork, number: int, private_key: str) -> None:
    """Store a key of our own as it is encrypted by now."""
    await unit.execute(update(signing_keys).where(signing_keys.c.number == number).values(private_key=private_key))


async def destroy_signing_keys(unit: UnitOfWork) -> int:
    """Destroy every key of our own; how many there were."""
    return len(await unit.execute(delete(signing_keys).returning(signing_keys.c.number)))


def _client(row: Row) -> Client:
    return Client(row.id, row.organisation, row.role, tuple(row.scopes.split()), row.registered_at, row.revoked_at)


SHORTEST_MEMORY = timedelta(minutes=1)
"""An assertion is remembered at least for as long as the rate of its client is counted over."""
