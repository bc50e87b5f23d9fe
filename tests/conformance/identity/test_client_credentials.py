"""The client's own client credentials, at our token endpoint."""

from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from doorstroom_client import ClientCredentials, TokenUnavailable
from tests.conformance.identity.conftest import ISSUER, SCOPES, Endpoint
from tests.support.clients import ED25519, P256, RSA


def pem(key: Any) -> bytes:  # noqa: ANN401 - any private key
    content: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return content


def credentials(endpoint: Endpoint, key: Any = RSA, **changes: str) -> ClientCredentials:  # noqa: ANN401 - as above
    given = {"client_id": "client-1", "audience": ISSUER, "key_id": "first", **changes}
    return ClientCredentials(endpoint=f"{endpoint.root}/token", private_key=pem(key), **given)


@pytest.mark.parametrize("key", [RSA, ED25519, P256], ids=["RSA", "Ed25519", "P-256"])
async def test_a_registered_client_gets_tokens_that_are_accepted(endpoint: Endpoint, key: Any) -> None:  # noqa: ANN401 - any private key
    """With a key of each kind; for all that it may do, or less."""
    await endpoint.register("client-2", key)
    async with aiohttp.ClientSession() as session:
        for scope in (None, SCOPES[0]):
            asked = credentials(endpoint, key, client_id="client-2", **({"scope": scope} if scope else {}))
            token = await asked.source(session, endpoint.clock).token()
            principal = await endpoint.verifier().authenticate(token, endpoint.clock())
            assert principal.subject == "client-2"
            assert principal.scopes == (frozenset({scope}) if scope else frozenset(SCOPES))


async def test_a_token_is_fetched_again_when_it_runs_out(endpoint: Endpoint) -> None:
    """And not before."""
    async with aiohttp.ClientSession() as session:
        source = credentials(endpoint).source(session, endpoint.clock)
        first = await source.token()
        assert await source.token() == first
        endpoint.clock.now += timedelta(hours=1)
        assert await source.token() != first


@pytest.mark.parametrize("changes", [{"client_id": "nobody"}, {"audience": "another"}, {"scope": "registry:write"}])
async def test_a_refusal_is_told_in_the_words_of_oauth(endpoint: Endpoint, changes: dict[str, str]) -> None:
    """Nothing of the key or the assertion is repeated."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(TokenUnavailable, match=r"refused: invalid_(client|scope)$"):
            await credentials(endpoint, **changes).source(session, endpoint.clock).token()


async def test_an_endpoint_that_is_away_gives_no_token(endpoint: Endpoint) -> None:
    """Whoever waits for it is told."""
    away = ClientCredentials("http://127.0.0.1:1/token", "client-1", pem(RSA))
    async with aiohttp.ClientSession() as session:
        with pytest.raises(TokenUnavailable, match="does not answer"):
            await away.source(session, endpoint.clock).token()


async def test_a_key_that_cannot_sign_is_refused_at_once(endpoint: Endpoint) -> None:
    """On another curve than P-256, and what is no key at all."""
    async with aiohttp.ClientSession() as session:
        for content in (pem(generate_private_key(SECP384R1())), b"no key"):
            with pytest.raises(ValueError, match=r"key|PEM"):
                ClientCredentials(endpoint.root, "client-1", content).source(session)
