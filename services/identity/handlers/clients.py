"""What an operator does to clients: register, give another key, revoke."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from services.chassis.audit import Action, Result, write
from services.chassis.errors import Conflict, NotFound
from services.chassis.identity import Role
from services.chassis.unit_of_work import UnitOfWork
from services.identity import store
from services.identity.store import Client, ClientKey
from services.identity.tables import messages

log = structlog.get_logger(__name__)

KEYS_LIMIT = 4
"""A client has one key, and for a while the one before it."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A client with its keys."""

    client: Client
    keys: Sequence[ClientKey]


async def register(
    unit: UnitOfWork, client_id: str, organisation: str, role: str, scopes: Sequence[str], jwk: Mapping[str, Any]
) -> Registered:
    """Register a client with its first key. Raises Conflict when the id was given before, even to one revoked."""
    if await store.find_client(unit, client_id) is not None:
        raise Conflict("there is a client with this id already, perhaps a revoked one; choose another id")
    client = Client(client_id, organisation, role, tuple(sorted(set(scopes))), unit.now)
    key = ClientKey(client_id, jwk["kid"], jwk, unit.now)
    await store.add_client(unit, client)
    await store.add_key(unit, key)
    unit.after_commit.append(lambda: log.info("client-registered", client=client_id, role=role))
    await _note(unit, "clients add", client_id)
    return Registered(client, [key])


async def rotate(unit: UnitOfWork, client_id: str, jwk: Mapping[str, Any], overlap: timedelta) -> Registered:
    """Give a client another key; those before count for the time of the overlap. Raises NotFound or Conflict."""
    client = await _active(unit, client_id)
    if jwk["kid"] in {key.id for key in await store.keys_of(unit, client_id)}:
        raise Conflict("the client has this key already; give a new one")
    await store.end_keys(unit, client_id, unit.now + overlap)
    if len(await store.keys_of(unit, client_id)) >= KEYS_LIMIT:
        raise Conflict(f"the client has {KEYS_LIMIT} keys that still count; use --overlap 0 to end them now")
    await store.add_key(unit, ClientKey(client_id, jwk["kid"], jwk, unit.now))
    unit.after_commit.append(lambda: log.info("client-key-rotated", client=client_id))
    await _note(unit, "clients rotate", client_id)
    return Registered(client, await store.keys_of(unit, client_id))


async def revoke(unit: UnitOfWork, client_id: str) -> None:
    """Give a client no token any more. Those that it has count until the keys are fetched again. Raises NotFound."""
    await _active(unit, client_id)
    await store.revoke_client(unit, client_id)
    unit.after_commit.append(lambda: log.info("client-revoked", client=client_id))
    await _note(unit, "clients revoke", client_id)


async def listed(unit: UnitOfWork) -> list[Registered]:
    """Every client, with the keys that count."""
    return [Registered(client, await store.keys_of(unit, client.id)) for client in await store.all_clients(unit)]


async def renew_signing_key(unit: UnitOfWork) -> int:
    """Make every token void: the keys that signed them are destroyed, and the next who asks gets a new one's.

    Gives how many there were.
    """
    destroyed = await store.destroy_signing_keys(unit)
    unit.after_commit.append(lambda: log.info("signing-keys-destroyed", destroyed=destroyed))
    await _note(unit, "clients renew-signing-key")
    return destroyed


async def _note(unit: UnitOfWork, command: str, client_id: str | None = None) -> None:
    """In the audit log, with the change."""
    objects = {} if client_id is None else {"client": client_id}
    action = Action(command, Result.DONE, 0, objects, role=Role.OPERATOR, origin="command")
    await write(unit, messages.audit, action)


async def _active(unit: UnitOfWork, client_id: str) -> Client:
    client = await store.find_client(unit, client_id)
    if client is None:
        raise NotFound("there is no client with this id; `doorstroom clients list` shows them")
    if client.revoked_at is not None:
        raise Conflict("the client was revoked; register a new one")
    return client
