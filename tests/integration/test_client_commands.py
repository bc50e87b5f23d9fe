"""`doorstroom clients`: who gets tokens, decided on the command line; and the embedded mode that gives them."""

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from services.chassis.clock import system_clock
from services.cli.__main__ import cli
from services.cli.embedded import build_embedded
from tests.support.clients import ED25519, KINDS, P256, RSA, assertion, form, public_jwk

PROVIDER = ("--organisation", "shelter-noord", "--role", "provider", "--scope", "shelters:read")
ISSUER = "urn:doorstroom:identity"


class Commands:
    """Runs commands on one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "var"
        self._keys = folder

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli, ["clients", *arguments, "--data", str(self.folder)])

    def key(self, content: Any, name: str = "key") -> str:  # noqa: ANN401 - bytes, or a document
        file = self._keys / name
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return str(file)

    def add(self, client: str, key: Any = None, options: Sequence[str] = PROVIDER) -> Result:  # noqa: ANN401 - as above
        return self("add", client, "--key", self.key(public_jwk(RSA) if key is None else key), *options)

    def listed(self, *arguments: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self("list", "--json", *arguments).stdout)
        return found


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Commands]:
    """With nothing there yet. The commands keep what they make to its owner, which the next test must not inherit."""
    for name in ("DOORSTROOM_DATABASE_URL", "DOORSTROOM_IDENTITY_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    mask = os.umask(0o022)
    yield Commands(tmp_path)
    os.umask(mask)


def pem(key: Any) -> bytes:  # noqa: ANN401 - any private key
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(key.public_key().public_bytes(serialization.Encoding.PEM, kind))


def private_pem(key: Any) -> bytes:  # noqa: ANN401 - any private key
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))


async def ask(root: str, made: str) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession() as session, session.post(f"{root}/identity/v1/token", data=form(made)) as answer:
        return answer.status, await answer.json()


def test_a_client_is_registered_rotated_listed_and_revoked(run: Commands) -> None:
    """The whole life of one; of keys only ids are shown, and a revoked one stays on record."""
    added = run.add("shelter-noord-ecd")
    assert (added.exit_code, "kid) first" in added.stdout) == (0, True), added.output
    rotated = run("rotate", "shelter-noord-ecd", "--key", run.key(public_jwk(P256, "second")), "--overlap", "2")
    assert (rotated.exit_code, "1 before it" in rotated.stdout) == (0, True)
    [client] = run.listed()
    assert (client["client"], client["organisation"], client["role"]) == (
        "shelter-noord-ecd",
        "shelter-noord",
        "provider",
    )
    assert client["scopes"] == ["shelters:read"]
    assert {key["kid"]: key["endsAt"] is None for key in client["keys"]} == {"first": False, "second": True}
    table = run("list").stdout.splitlines()
    assert [line.split()[0] for line in table] == ["client", "shelter-noord-ecd"]
    assert run("revoke", "shelter-noord-ecd", "--yes").exit_code == 0
    assert run.listed() == []
    [revoked] = run.listed("--all")
    assert revoked["revokedAt"].endswith("Z")
    assert revoked["keys"] == []


@pytest.mark.parametrize("name", sorted(KINDS))
@pytest.mark.parametrize("kind", ["pem", "jwk"])
def test_a_key_comes_as_pem_or_as_jwk(run: Commands, name: str, kind: str) -> None:
    """Of each accepted kind; without an id of its own its thumbprint is its id."""
    jwk = public_jwk(KINDS[name])
    del jwk["kid"]
    content = pem(KINDS[name]) if kind == "pem" else jwk
    assert run.add("client-1", content).exit_code == 0
    [client] = run.listed()
    assert len(client["keys"][0]["kid"]) == 43


BAD_KEYS: dict[str, tuple[Any, str]] = {
    "private PEM": (private_pem(RSA), "private key"),
    "private JWK": ({**public_jwk(RSA), "d": "canary"}, "private key"),
    "secret": ({"kty": "oct", "k": "canary"}, "private key"),
    "short": (pem(rsa.generate_private_key(65537, 1024)), "2048"),  # noqa: S505 - to be refused
    "other curve": (pem(ec.generate_private_key(ec.SECP384R1())), "P-256"),
    "for encryption": ({**public_jwk(RSA), "use": "enc"}, "no public key"),
    "other algorithm": ({**public_jwk(RSA), "alg": "RSA-OAEP"}, "no public key"),
    "kid": ({**public_jwk(RSA), "kid": "with space"}, "kid"),
    "kid of another type": ({**public_jwk(RSA), "kid": 1}, "kid"),
    "key set": ({"keys": [public_jwk(RSA)]}, "no public key"),
    "list": ([public_jwk(RSA)], "neither"),
    "nothing": (b"", "neither"),
    "bytes": (b"\xff\x00canary", "neither"),
    "broken PEM": (b"-----BEGIN PUBLIC KEY-----\ncanary\n-----END PUBLIC KEY-----\n", "no public key in PEM"),
    "certificate": (b"-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----\n", "no public key in PEM"),
    "large": (b"x" * 40_000, "at most"),
}


@pytest.mark.parametrize("name", sorted(BAD_KEYS))
def test_a_file_that_is_no_public_key_is_refused(run: Commands, name: str) -> None:
    """In one line, that repeats nothing of it; and nothing is made."""
    content, told = BAD_KEYS[name]
    refused = run.add("client-1", content)
    assert refused.exit_code == 2
    assert told in " ".join(refused.stderr.replace("│", " ").split())
    assert "canary" not in refused.output
    assert not run.folder.exists()


def test_what_cannot_be_meant_is_refused(run: Commands) -> None:
    """In words that say what to do."""
    nowhere = run("list")
    assert (nowhere.exit_code, "no database of identity" in nowhere.output) == (2, True)
    for arguments in (
        ("add", "../client", "--key", run.key(public_jwk(RSA)), *PROVIDER),
        ("add", "client\n", "--key", run.key(public_jwk(RSA)), *PROVIDER),
        ("add", "client-1", "--key", run.key(public_jwk(RSA)), *PROVIDER[:-1], "shelters:manage"),
        ("add", "client-1", "--key", run.key(public_jwk(RSA)), *PROVIDER[:-2]),
        ("add", "client-1", "--key", run.key(public_jwk(RSA)), "--organisation", "x", "--role", "king", "--scope", "y"),
        ("add", "client-1", "--key", "nowhere", *PROVIDER),
        ("add", "client-1", *PROVIDER),
        ("rotate", "client-1", "--key", run.key(public_jwk(RSA)), "--overlap", "721"),
    ):
        assert run(*arguments).exit_code == 2, arguments
    assert not run.folder.exists()
    assert run.add("client-1").exit_code == 0
    for arguments, told in (
        (("add", "client-1", "--key", run.key(public_jwk(P256)), *PROVIDER), "already"),
        (("rotate", "client-2", "--key", run.key(public_jwk(P256))), "no client with this id"),
        (("rotate", "client-1", "--key", run.key(public_jwk(RSA))), "already"),
        (("revoke", "client-2", "--yes"), "no client with this id"),
    ):
        refused = run(*arguments)
        assert told in str(refused.exception), arguments
    for number in range(2, 5):
        assert run("rotate", "client-1", "--key", run.key(public_jwk(P256, str(number)))).exit_code == 0
    assert "--overlap 0" in str(run("rotate", "client-1", "--key", run.key(public_jwk(P256, "5"))).exception)
    assert run("rotate", "client-1", "--key", run.key(public_jwk(P256, "5")), "--overlap", "0").exit_code == 0
    [client] = run.listed()
    assert [key["kid"] for key in client["keys"]] == ["5"]
    run("revoke", "client-1", "--yes")
    assert "revoked" in str(run.add("client-1").exception)
    assert "revoked" in str(run("revoke", "client-1", "--yes").exception)


def test_the_same_on_the_database_of_a_distributed_service(
    run: Commands, postgresql_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DOORSTROOM_IDENTITY_DATABASE_URL names it, and no folder is made."""
    monkeypatch.setenv("DOORSTROOM_IDENTITY_DATABASE_URL", postgresql_database_url)
    assert run.add("client-1").exit_code == 0
    assert [client["client"] for client in run.listed()] == ["client-1"]
    assert not run.folder.exists()


async def test_a_client_works_with_the_embedded_mode_from_nothing(run: Commands) -> None:
    """Registered on the command line, it gets a token with which it lists its units; renewing the key makes it void."""
    assert (await asyncio.to_thread(run.add, "client-1", public_jwk(ED25519))).exit_code == 0
    embedded = build_embedded(run.folder, access_log=False)
    await embedded.process.start("127.0.0.1", 0)
    try:
        root = f"http://127.0.0.1:{embedded.process.port}"

        def made() -> str:
            return assertion("client-1", ISSUER, system_clock(), ED25519, "EdDSA")

        status, answer = await ask(root, made())
        assert status == 200, answer
        assert await units(root, answer["access_token"]) == 200
        renewed = await asyncio.to_thread(run, "renew-signing-key", "--yes")
        assert "1 signing key(s) destroyed" in renewed.stdout
        _, again = await ask(root, made())
        assert await units(root, again["access_token"]) == 200
        assert await units(root, answer["access_token"]) == 401
    finally:
        await embedded.process.stop(0)


async def units(root: str, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as session, session.get(f"{root}/shelters/v1/units", headers=headers) as answer:
        return answer.status
