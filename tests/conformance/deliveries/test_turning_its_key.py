"""The key of the subscriptions is turned over while deliveries go on: the old one opens nothing afterwards."""

import asyncio
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select

from services.chassis import key_file
from services.chassis.encryption import UnusableKey, new_line, read_keys, seal, unseal
from services.cli import keys
from services.cli.__main__ import cli
from services.cli.errors import Failed
from services.notifications.deliveries import turning
from services.notifications.deliveries.seals import SETTING, address_of
from services.notifications.tables import secrets, subscriptions
from tests.support.receiver import Receiver
from tests.support.telling import Telling


@pytest.fixture
def file(tmp_path: Path, notifications_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the key is; the command finds it, and the database, by their settings."""
    path = tmp_path / "notifications.key"
    monkeypatch.setenv("DOORSTROOM_NOTIFICATIONS_DATABASE_URL", notifications_url)
    monkeypatch.setenv(SETTING, str(path))
    monkeypatch.setattr(keys, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(turning, "BATCH", 2)
    return path


async def rotate() -> str:
    """In a thread, for it has an event loop of its own."""
    words = ["keys", "rotate", "notifications"]
    result = await asyncio.to_thread(CliRunner().invoke, cli, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


async def test_deliveries_go_on_and_the_old_key_opens_nothing(telling: Telling, receiver: Receiver, file: Path) -> None:
    """In more than one portion; the running service reads the file again, and what is stored later has the new key."""
    made = [(await telling.subscribe(receiver.url("/hook")))[0] for _ in range(3)]
    [old] = read_keys(file, SETTING)
    assert "6 key(s) were encrypted anew" in await rotate()
    [new] = read_keys(file, SETTING)
    assert new != old
    await telling.offer()
    await telling.rest()
    assert [row.state for row in await telling.deliveries()] == ["delivered"] * 3
    for key, opens in ((new, True), (old, False)):
        assert await opened(telling, key) == ([one.id for one in made] if opens else [])
    later, _ = await telling.subscribe(receiver.url("/hook"))
    assert later.id in await opened(telling, new)


async def opened(telling: Telling, key: bytes) -> list[object]:
    """The subscriptions whose address this key opens."""
    found = []
    query = select(subscriptions).order_by(subscriptions.c.id)
    for row in await telling.transactions.read(lambda unit: unit.execute(query)):
        try:
            assert unseal([AESGCM(key)], address_of(row.id), row.sealed_address)
        except UnusableKey:
            continue
        found.append(row.id)
    return found


async def test_what_no_key_opens_keeps_the_old_one(telling: Telling, receiver: Receiver, file: Path) -> None:
    """It is not made unreadable for good; whoever finds the right file runs it again."""
    await telling.subscribe(receiver.url("/hook"))
    strange = secrets.update().values(sealed=seal(AESGCM(os.urandom(32)), "x", b"x"))
    await telling.transactions.run(lambda unit: unit.execute(strange))
    before = read_keys(file, SETTING)
    with pytest.raises(Failed, match="Nothing was forgotten"):
        await rotate()
    assert read_keys(file, SETTING)[1:] == before


async def test_it_goes_on_with_the_key_that_was_begun_with(telling: Telling, receiver: Receiver, file: Path) -> None:
    """As after a crash, or when the file was prepared for several machines: both are read meanwhile."""
    await telling.subscribe(receiver.url("/hook"))
    key_file.begin_turning(file, new_line())
    new, _ = read_keys(file, SETTING)
    later, _ = await telling.subscribe(receiver.url("/hook"))
    assert await opened(telling, new) == [later.id]
    assert "2 key(s) were encrypted anew" in await rotate()
    assert read_keys(file, SETTING) == [new]
    assert len(await opened(telling, new)) == 2
