"""Our own signing keys: made when needed, turned over with an overlap, and unreadable without the secret."""

import asyncio
from datetime import timedelta

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from sqlalchemy import select

from services.chassis.errors import Unauthenticated
from services.chassis.identity import KeySet, TokenVerifier
from services.cli import keys
from services.cli.__main__ import cli
from services.identity import store
from services.identity.store import StoredSigningKey
from services.identity.tables import signing_keys
from tests.conformance.identity.conftest import ISSUER, Endpoint, Endpoints


async def _published(endpoint: Endpoint) -> list[str]:
    answer = await endpoint.send(None, "/jwks", "GET")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/jwk-set+json"
    assert all(set(key) == {"kty", "n", "e", "kid", "use", "alg"} for key in answer.body["keys"])
    return [key["kid"] for key in answer.body["keys"]]


async def test_the_first_key_is_made_by_whoever_comes_first_and_there_is_one(endpoints: Endpoints) -> None:
    """Several at once, at several replicas: all get tokens that the published key verifies."""
    first, second = [await endpoints.start() for _ in range(2)]
    await first.register()
    answers = await asyncio.gather(*(one.ask() for one in (first, second) for _ in range(3)))
    assert [answer.status for answer in answers] == [200] * 6
    published = (await second.send(None, "/jwks", "GET")).body
    assert len(published["keys"]) == 1
    verifier = TokenVerifier({ISSUER: KeySet.from_document(published)}, "doorstroom")
    for answer in answers:
        assert verifier.verify(answer.body["access_token"], first.clock()).subject == "client-1"


async def test_keys_turn_over_with_an_overlap(endpoint: Endpoint) -> None:
    """The next is published a day ahead; the last one stays until its tokens are over, and is then destroyed."""
    [first] = await _published(endpoint)
    endpoint.clock.forward(days=88, hours=23)
    assert await _published(endpoint) == [first]
    endpoint.clock.forward(hours=2)
    known, second = await _published(endpoint)
    assert known == first
    last_of_first = (await endpoint.ask()).body["access_token"]
    endpoint.clock.forward(days=1)
    of_second = (await endpoint.ask()).body["access_token"]
    verifier = endpoint.verifier()
    with pytest.raises(Unauthenticated, match="expired"):
        await verifier.authenticate(last_of_first, endpoint.clock())
    await verifier.authenticate(of_second, endpoint.clock())
    assert await _published(endpoint) == [first, second]
    endpoint.clock.forward(days=89)
    third = await _published(endpoint)
    assert third[0] == second
    assert len(third) == 2
    stored = await endpoint.run(store.find_signing_keys)
    assert [key.id for key in stored] == third


async def test_without_the_secret_the_stored_keys_say_nothing(
    endpoint: Endpoint, made_key: StoredSigningKey, endpoints: Endpoints
) -> None:
    """A copy of the database signs nothing; with another secret the service says that it cannot."""
    with pytest.raises(ValueError, match="decrypt"):
        serialization.load_pem_private_key(made_key.private_key.encode(), b"another" * 8)
    rows = await endpoint.run(lambda unit: unit.execute(select(signing_keys.c.private_key)))
    assert all("BEGIN ENCRYPTED PRIVATE KEY" in row.private_key for row in rows)
    endpoints.key_file.write_text("another" * 8)
    other = await endpoints.start()
    answer = await other.ask()
    assert (answer.status, answer.body["error"]) == (503, "temporarily_unavailable")
    assert await _published(other) == [made_key.id]


async def test_a_token_outlives_a_restart(endpoints: Endpoints, endpoint: Endpoint) -> None:
    """Whoever starts anew has the same keys."""
    token = (await endpoint.ask()).body["access_token"]
    again = await endpoints.start()
    assert (await again.verifier().authenticate(token, again.clock())).subject == "client-1"
    assert (await again.verifier().authenticate(token, again.clock() + timedelta(minutes=59))).subject == "client-1"


async def test_the_secret_is_turned_over_while_tokens_are_given(
    endpoints: Endpoints, made_key: StoredSigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens stay valid, a new process opens the keys, and the old secret opens nothing."""
    endpoint = await endpoints.start()
    await endpoint.run(lambda unit: store.add_signing_key(unit, made_key, []))
    await endpoint.register()
    token = (await endpoint.ask()).body["access_token"]
    old = endpoints.key_file.read_bytes().strip()
    monkeypatch.setenv("DOORSTROOM_IDENTITY_DATABASE_URL", endpoints.url)
    monkeypatch.setenv("DOORSTROOM_IDENTITY_KEY_FILE", str(endpoints.key_file))
    monkeypatch.setattr(keys, "SETTLE_SECONDS", 0.0)
    done = await asyncio.to_thread(CliRunner().invoke, cli, ["keys", "rotate", "identity"], catch_exceptions=False)
    assert "1 key(s) were encrypted anew" in done.output
    assert (await endpoint.ask()).status == 200
    other = await endpoints.start()
    assert (await other.ask()).status == 200
    assert (await other.verifier().authenticate(token, endpoint.clock())).subject == "client-1"
    [stored] = await endpoint.run(store.find_signing_keys)
    with pytest.raises(ValueError, match=r"(?i)incorrect|decrypt|password"):
        serialization.load_pem_private_key(stored.private_key.encode(), old)
    assert old not in endpoints.key_file.read_bytes()
