"""Keys that an issuer publishes at an address: fetched, turned over, and done without while it is away."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest

from services.chassis.errors import Unauthenticated, Unavailable
from services.chassis.identity import Pace, RemoteKeys, TokenVerifier
from services.chassis.identity.keys import FILE_LIMIT_BYTES
from tests.support.key_server import AUDIENCE, ISSUER, KeyServer
from tests.support.waiting import until
from tests.unit.web.things import NOW, Clock

AT_ONCE = timedelta(0)
NEVER_AGAIN = timedelta(hours=1)


@pytest.fixture
async def issuer() -> AsyncIterator[KeyServer]:
    """An issuer with one key, listening."""
    server = KeyServer()
    server.add("first")
    await server.start()
    yield server
    await server.stop()


class Checked:
    """A verifier with the issuer's keys, and the clock that it goes by."""

    def __init__(self, issuer: KeyServer, pause: timedelta = AT_ONCE, refresh: timedelta = NEVER_AGAIN) -> None:
        self.clock = Clock()
        pace = Pace(refresh=refresh, keep=timedelta(hours=6), pause=pause, timeout_seconds=0.5)
        self.issuer = issuer
        self.keys = RemoteKeys(issuer.url, self.clock, pace=pace)
        self.verifier = TokenVerifier({ISSUER: self.keys}, AUDIENCE)

    async def accepts(self, token: str) -> bool:
        """Whether the token opens the door."""
        try:
            await self.verifier.authenticate(token, self.clock())
        except Unauthenticated:
            return False
        return True

    async def accepts_key(self, key_id: str) -> bool:
        """Whether a token that is signed with this key does."""
        return await self.accepts(self.issuer.token(key_id, self.clock()))


@asynccontextmanager
async def following(keys: RemoteKeys) -> AsyncIterator[None]:
    """As long as this lasts the keys are fetched in the background."""
    task = asyncio.create_task(keys.follow())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_token_is_verified_with_the_keys_at_the_address(issuer: KeyServer) -> None:
    """They are fetched once for many tokens."""
    checked = Checked(issuer)
    assert await checked.keys.look_again()
    for number in range(20):
        assert await checked.accepts(issuer.token("first", NOW, jti=str(number)))
    assert issuer.fetched == 1


async def test_a_new_key_is_found_by_the_first_token_that_is_signed_with_it(issuer: KeyServer) -> None:
    """Nobody has to wait for the next fetch; the old key goes on until it is withdrawn."""
    checked = Checked(issuer)
    await checked.keys.look_again()
    issuer.add("second")
    assert await checked.accepts_key("second")
    assert await checked.accepts_key("first")
    assert issuer.fetched == 2


async def test_a_key_that_was_withdrawn_verifies_nothing_any_more(issuer: KeyServer) -> None:
    """Not even a token that was verified with it before."""
    checked = Checked(issuer)
    await checked.keys.look_again()
    token = issuer.token("first", NOW)
    assert await checked.accepts(token)
    issuer.keys.clear()
    issuer.add("second")
    await checked.keys.look_again()
    assert not await checked.accepts(token)
    assert await checked.accepts_key("second")


async def test_a_flood_of_unknown_keys_does_not_hammer_the_issuer(issuer: KeyServer) -> None:
    """However many tokens name keys that there are not, at once or one after the other: one fetch in the pause."""
    checked = Checked(issuer, pause=timedelta(seconds=30))
    issuer.slow_seconds = 0.1
    await checked.keys.look_again()
    tokens = [issuer.token(f"unknown-{number}", NOW) for number in range(200)]
    assert not any(await asyncio.gather(*(checked.accepts(token) for token in tokens)))
    assert issuer.fetched == 1


async def test_all_who_wait_for_keys_wait_for_the_same_fetch(issuer: KeyServer) -> None:
    """And it goes on when one of them goes away."""
    checked = Checked(issuer)
    await checked.keys.look_again()
    issuer.add("second")
    issuer.slow_seconds = 0.2
    waiting = [asyncio.create_task(checked.accepts_key("second")) for _ in range(50)]
    await asyncio.sleep(0.05)
    waiting[0].cancel()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert all(outcome is True for outcome in outcomes[1:])
    assert issuer.fetched == 2


async def test_tokens_are_verified_while_the_issuer_is_away_for_a_bounded_time(issuer: KeyServer) -> None:
    """Up to six hours here; after that nobody can tell any more, and everyone gets a 503 and not a 401."""
    checked = Checked(issuer)
    await checked.keys.look_again()
    await issuer.stop()
    checked.clock.advance(hours=6)
    assert not await checked.keys.look_again()
    assert await checked.accepts_key("first")
    assert checked.keys.usable
    checked.clock.advance(seconds=1)
    assert not checked.keys.usable
    with pytest.raises(Unavailable):
        await checked.accepts_key("first")
    await issuer.start()
    assert await checked.keys.look_again()
    assert await checked.accepts_key("first")


async def test_without_keys_from_the_start_nobody_gets_in(issuer: KeyServer) -> None:
    """It is told as our trouble, and not the client's."""
    await issuer.stop()
    checked = Checked(issuer)
    assert not await checked.keys.look_again()
    with pytest.raises(Unavailable):
        await checked.accepts_key("first")


async def test_an_issuer_that_is_slow_is_given_up(issuer: KeyServer) -> None:
    """After half a second here; the keys from before stay."""
    checked = Checked(issuer)
    await checked.keys.look_again()
    issuer.slow_seconds = 5
    async with asyncio.timeout(2):
        assert not await checked.accepts_key("second")
    assert await checked.accepts_key("first")


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (301, {"Location": "/elsewhere"}, b""),
        (302, {"Location": "/elsewhere"}, b""),
        (307, {"Location": "/elsewhere"}, b""),
        (204, {}, b""),
        (404, {}, b"{}"),
        (500, {}, b"<html>"),
        (200, {}, b""),
        (200, {}, b"<html>"),
        (200, {}, b"\xff\xfe"),
        (200, {}, b"[" * 100_000),
        (200, {}, b"[]"),
        (200, {}, b'{"keys": {}}'),
        (200, {}, b'{"keys": ["x"]}'),
        (200, {}, b'{"keys": []}'),
        (200, {}, b'{"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "second"}]}'),
        (200, {}, json.dumps({"keys": [], "padding": "x" * FILE_LIMIT_BYTES}).encode()),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_an_answer_that_is_no_usable_key_set_changes_nothing(
    issuer: KeyServer, status: int, headers: dict[str, str], body: bytes
) -> None:
    """A redirect is not followed, an error page is no key set, and a secret in one is no public key."""
    checked = Checked(issuer)
    await checked.keys.look_again()
    issuer.add("second")
    issuer.status, issuer.headers, issuer.body = status, headers, body
    assert not await checked.accepts_key("second")
    assert await checked.accepts_key("first")
    assert issuer.fetched == 2


async def test_keys_are_fetched_again_after_a_while(issuer: KeyServer) -> None:
    """So that a key that is withdrawn works no longer than that, also when nothing unknown comes."""
    checked = Checked(issuer, refresh=timedelta(milliseconds=20))
    async with following(checked.keys):
        await until(lambda: checked.keys.usable)
        token = issuer.token("first", NOW)
        assert await checked.accepts(token)
        issuer.keys.clear()
        issuer.add("second")
        fetched = issuer.fetched
        await until(lambda: issuer.fetched > fetched + 1)
        assert not await checked.accepts(token)


async def test_an_issuer_that_comes_late_is_waited_for(issuer: KeyServer) -> None:
    """The first fetch fails; it is tried again after the pause."""
    await issuer.stop()
    checked = Checked(issuer, pause=timedelta(milliseconds=20))
    async with following(checked.keys):
        await asyncio.sleep(0.1)
        assert not checked.keys.usable
        await issuer.start()
        await until(lambda: checked.keys.usable)


@pytest.mark.parametrize(
    "url",
    [
        "http://issuer.example.org/jwks",
        "http://10.0.0.1/jwks",
        "http://localhost.example.org/jwks",
        "https://user:word@issuer.example.org/jwks",
        "https://issuer.example.org/jwks#x",
        "file:///etc/passwd",
        "ftp://127.0.0.1/jwks",
        "/jwks",
        "",
    ],
)
def test_an_address_where_others_could_put_keys_is_refused(url: str) -> None:
    """Without TLS anyone on the way could; on this machine nobody is on the way."""
    with pytest.raises(ValueError, match="address of the issuer's keys") as refused:
        RemoteKeys(url, Clock())
    assert "word" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["https://issuer.example.org/jwks", "http://127.0.0.1:1/a", "http://[::1]:1/", "http://localhost/"]
)
def test_an_address_with_tls_or_on_this_machine_is_taken(url: str) -> None:
    """Nothing is fetched before it is needed."""
    assert not RemoteKeys(url, Clock()).usable
