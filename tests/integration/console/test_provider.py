"""People sign in with a real OpenID provider; and whoever tampers with the way there and back does not get in."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm
from pydantic import SecretStr
from yarl import URL

from services.chassis.wiring import Unusable
from services.cli.embedded import build_embedded
from services.cli.servers.support import free_port
from services.console.settings import Settings
from services.console.wiring import process
from tests.support.consoles import provider_console, provider_settings
from tests.support.oidc_provider import Browser, OidcProvider

pytestmark = pytest.mark.server  # of another kind: the provider

NOORD = "coordinator@coordination-noord"


@dataclass(frozen=True)
class Pair:
    """A provider and a console that knows it."""

    provider: OidcProvider
    root: str


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    """With it the console says who it is."""
    return generate_private_key(65537, 2048)


def made(key: RSAPrivateKey, **given: Any) -> OidcProvider:  # noqa: ANN401 - settings of any kind
    """A provider that knows the console by this key, at a port that the console will have."""
    jwk = {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "use": "sig", "alg": "PS256"}
    client = {
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "PS256",
        "jwks": {"keys": [jwk]},
    }
    provider = OidcProvider(free_port(), f"http://127.0.0.1:{free_port()}", client, **given)
    provider.start()
    return provider


def client_key(folder: Path, key: RSAPrivateKey) -> Path:
    """The key in a file."""
    folder.mkdir(exist_ok=True)
    file = folder / "client.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


@pytest.fixture(scope="module")
def shared(key: RSAPrivateKey) -> Iterator[OidcProvider]:
    """The provider of most tests."""
    provider = made(key)
    yield provider
    provider.stop()


@pytest.fixture
async def pair(
    request: pytest.FixtureRequest, tmp_path: Path, key: RSAPrivateKey, shared: OidcProvider
) -> AsyncIterator[Pair]:
    """Both, started; a test may have a provider of its own, by giving its settings as a parameter."""
    own = made(key, **request.param) if hasattr(request, "param") else None
    provider = own or shared
    port = URL(provider.console).port
    assert port is not None
    try:
        given = {"console_client_key_file": client_key(tmp_path, key)}
        async with provider_console(tmp_path, port, provider.issuer, **given) as root:
            yield Pair(provider, root)
    finally:
        if own is not None:
            own.stop()


async def test_somebody_signs_in_comes_back_to_where_they_were_and_signs_out(pair: Pair) -> None:
    """With the provider's own words for organisation and role; and out again at both."""
    async with Browser(pair.root) as browser:
        asked = await browser.get("/offers/0192f0c1-0000-7000-8000-000000000001/decline")
        assert (asked.status, asked.location) == (
            303,
            "/sign-in?to=%2Foffers%2F0192f0c1-0000-7000-8000-000000000001%2Fdecline",
        )
        begun = await browser.get(asked.location)
        start = begun.text.partition('href="/sign-in/start')[2].partition('"')[0]
        back = await browser.sign_in(NOORD, f"/sign-in/start{start}")
        assert (back.status, back.location) == (303, "/offers/0192f0c1-0000-7000-8000-000000000001/decline")
        page = await browser.get("/nowhere")
        assert "coordination-noord" in page.text
        assert browser.cookie("sign-in") is None
        out = await browser.send(page, "/sign-out")
        assert out.location.startswith(f"{pair.provider.issuer}/session/end?")
        assert pair.provider.issuer in page.headers["Content-Security-Policy"]
        assert "id_token_hint" not in out.location
        there = await browser.get(out.location)
        assert there.status == 200
        assert (await browser.get("/inbox")).location.startswith("/sign-in")


async def test_a_return_counts_once(pair: Pair) -> None:
    """A code that was used, or comes into another browser, opens nothing."""
    async with Browser(pair.root) as browser, Browser(pair.root) as other:
        address = await browser.to_return(NOORD)
        assert (await other.get(address)).status == 400
        begun = browser.cookie("sign-in")
        assert (await browser.get(address)).status == 303
        again = await browser.get(address)
        assert (again.status, "coordination" in again.text) == (400, True)
        assert begun is not None
        other.keep("sign-in", begun)
        replayed = await other.get(address)
        assert replayed.status == 403
        assert other.cookie("session") is None


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"state": "x" * 43}, 400),
        ({"state": ""}, 400),
        ({"iss": "https://other.example"}, 502),
        ({"iss": ""}, 502),
        ({"code": "made-up"}, 403),
        ({"code": ""}, 502),
        ({"error": "access_denied"}, 403),
        ({"error": "<b>unknown</b>"}, 502),
    ],
)
async def test_a_return_that_was_tampered_with_opens_nothing(pair: Pair, change: dict[str, str], status: int) -> None:
    """And says what to do, without a word of what came."""
    async with Browser(pair.root) as browser:
        address = URL(await browser.to_return(NOORD)).update_query(change)
        page = await browser.get(str(address))
        assert page.status == status
        assert "unknown" not in page.text
        assert browser.cookie("session") is None


@pytest.mark.parametrize("change", [{"nonce": "another"}, {"code_challenge": "A" * 43}])
async def test_a_request_that_was_tampered_with_opens_nothing(pair: Pair, change: dict[str, str]) -> None:
    """The identity token must have our nonce, and the code is for our verifier."""
    async with Browser(pair.root) as browser:
        page = await browser.sign_in(NOORD, **change)
        assert page.status in (403, 502)
        assert browser.cookie("session") is None


@pytest.mark.parametrize("account", ["nobody", "gardener@coordination-noord"])
async def test_an_account_without_organisation_or_role_is_told_so(pair: Pair, account: str) -> None:
    """They are known there, and have no part here."""
    async with Browser(pair.root) as browser:
        page = await browser.sign_in(account)
        assert page.status == 403
        assert "account" in page.text
        assert browser.cookie("session") is None


@pytest.mark.parametrize("leads_to", ["//evil.example", "https://evil.example", "/\\evil.example", "/%5Cevil", "x"])
async def test_nobody_is_led_elsewhere_after_signing_in(pair: Pair, leads_to: str) -> None:
    """Whatever the address says that they came from."""
    async with Browser(pair.root) as browser:
        page = await browser.sign_in(NOORD, f"/sign-in/start?to={quote(leads_to, safe='%')}")
        assert (page.status, page.location) in [(303, "/"), (303, "/%5Cevil")]


async def test_a_session_that_was_planted_is_not_the_one_that_is_used(pair: Pair) -> None:
    """Whoever knew the cookie before knows nothing after (fixation)."""
    async with Browser(pair.root) as attacker, Browser(pair.root) as victim:
        await attacker.sign_in("coordinator@attacker")
        planted = attacker.cookie("session")
        assert planted is not None
        victim.keep("session", planted)
        await victim.sign_in(NOORD)
        assert victim.cookie("session") not in (None, planted)
        assert (await attacker.get("/inbox")).location.startswith("/sign-in")


@pytest.mark.parametrize("pair", [{"token_seconds": 45}], indirect=True)
async def test_an_access_token_is_renewed_before_it_ends(pair: Pair) -> None:
    """Once, however many ask at the same time: the provider takes a refresh token that comes twice for stolen."""
    async with Browser(pair.root) as browser:
        await browser.sign_in(NOORD)
        for _ in range(2):
            pages = await asyncio.gather(*(browser.get("/nowhere") for _ in range(4)))
            assert all("coordination-noord" in page.text for page in pages)


@pytest.mark.parametrize("pair", [{"token_seconds": 45}], indirect=True)
async def test_a_session_ends_when_the_provider_gives_no_next_token(pair: Pair) -> None:
    """It was ended there: whoever looks is asked to sign in again. While it is away, they stay."""
    async with Browser(pair.root) as browser:
        await browser.sign_in(NOORD)
        pair.provider.stop()
        assert "coordination-noord" in (await browser.get("/nowhere")).text
        # It comes back, and remembers nothing of before.
        pair.provider.start()
        assert (await browser.get("/inbox")).location == "/sign-in?to=%2Finbox&told=ended"
        assert browser.cookie("session") is None


@pytest.mark.parametrize("pair", [{"format": "opaque"}], indirect=True)
async def test_an_opaque_access_token_is_told_to_be_of_no_use(pair: Pair) -> None:
    """The APIs could not read it."""
    async with Browser(pair.root) as browser:
        page = await browser.sign_in(NOORD)
        assert page.status == 403
        assert browser.cookie("session") is None


@pytest.mark.parametrize("pair", [{}], indirect=True)
async def test_a_provider_that_is_away_is_told(pair: Pair) -> None:
    """Nobody is signed in, and they may try again."""
    async with Browser(pair.root) as browser:
        address = await browser.to_return(NOORD)
        pair.provider.stop()
        assert (await browser.get(address)).status == 503


async def test_the_apis_take_the_providers_token(shared: OidcProvider, tmp_path: Path, key: RSAPrivateKey) -> None:
    """Who signed in sees what is theirs, by a token that neither the console nor the services have made."""
    port = URL(shared.console).port
    assert port is not None
    given = {**provider_settings(shared.issuer), "console_client_key_file": client_key(tmp_path, key)}
    embedded = build_embedded(tmp_path, access_log=False, **given)
    await embedded.process.start("127.0.0.1", port)
    async with Browser(shared.console) as browser:
        await browser.sign_in(NOORD)
        statuses = [(await browser.get(path)).status for path in ("/inbox", "/cases", "/beds")]
    await embedded.process.stop(0)
    assert statuses == [200, 200, 403]


def test_the_console_alone_says_what_it_lacks(tmp_path: Path) -> None:
    """In the distributed mode it has no provider, no key file and no services by itself."""
    url = SecretStr(f"sqlite:///{tmp_path / 'console.sqlite3'}")
    known: dict[str, Any] = {"database_url": url}
    for lacking, given in (
        ("CONSOLE_ADDRESS", {"console_address": "https://console.example"}),
        ("CONSOLE_ISSUER", {"console_issuer": "https://issuer.example", "console_client": "console"}),
        ("REGISTRY_ADDRESS", dict.fromkeys(ADDRESSES, "https://services.example")),
        ("TOKEN_KEYS_URL", {"token_keys_url": "https://issuer.example/jwks"}),
        ("CONSOLE_KEY_FILE", {"console_key_file": tmp_path / "key"}),
    ):
        with pytest.raises(Unusable, match=lacking):
            process(Settings(**known))
        known |= given
    (tmp_path / "key").write_text("k" * 32)
    assert process(Settings(**known)).port == 0


ADDRESSES = tuple(f"console_{name}_address" for name in ("registry", "shelters", "municipalities", "notifications"))
