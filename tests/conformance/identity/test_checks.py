"""What `doorstroom check` asks of the token endpoint's database, on each kind of database."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from services.identity import checks, store
from services.identity.handlers import clients
from services.identity.store import StoredSigningKey
from services.identity.tables import client_keys, signing_keys
from services.identity.tables import clients as clients_table
from tests.conformance.identity.conftest import Endpoint
from tests.support.clients import P256, RSA, public_jwk

SECOND = public_jwk(P256) | {"kid": "second"}


async def test_a_sound_database_has_no_findings(endpoint: Endpoint) -> None:
    """With a client whose key was changed, one that was revoked, and tokens that were given."""
    await endpoint.ask()
    await endpoint.run(lambda unit: clients.rotate(unit, "client-1", SECOND, timedelta(hours=1)))
    await endpoint.register("client-2", RSA)
    await endpoint.run(lambda unit: clients.revoke(unit, "client-2"))
    assert await endpoint.run(checks.findings) == []


MINE = clients_table.c.id == "client-1"
DAMAGE: dict[str, Any] = {
    "client that was revoked and has a key: client-1": update(clients_table).values(
        revoked_at=clients_table.c.registered_at
    ),
    "client without exactly one key that lasts: client-1": delete(client_keys),
    "client with a role that there is none of: client-1": update(clients_table).where(MINE).values(role="king"),
}


@pytest.mark.parametrize("finding", DAMAGE)
async def test_what_is_wrong_with_a_client_is_found(endpoint: Endpoint, finding: str) -> None:
    """Each by the check that it breaks."""
    await endpoint.run(lambda unit: unit.execute(DAMAGE[finding]))
    assert await endpoint.run(checks.findings) == [finding]


async def test_what_is_wrong_with_our_own_keys_is_found(endpoint: Endpoint, made_key: StoredSigningKey) -> None:
    """One that follows and does not sign later; and one that is missing between two."""
    names = ("id", "private_key", "signs_from")
    row = {name: getattr(made_key, name) for name in names} | {"jwk": "{}"}
    last = max(key.number for key in await endpoint.run(store.find_signing_keys))
    await endpoint.run(lambda unit: unit.execute(insert(signing_keys).values(row | {"number": last + 1})))
    assert await endpoint.run(checks.findings) == [
        f"signing key that signs no later than the one before it: {last + 1}"
    ]
    moved = update(signing_keys).where(signing_keys.c.number == last + 1).values(number=last + 2)
    await endpoint.run(lambda unit: unit.execute(moved))
    assert await endpoint.run(checks.findings) == [f"signing keys with a gap in their numbers, before: {last + 2}"]
