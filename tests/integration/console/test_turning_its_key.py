"""The console's key is turned over: sessions go on until they end, unless somebody wants them out at once."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from click.testing import CliRunner

from services.chassis import key_file
from services.cli.__main__ import cli
from tests.integration.console.test_sessions import enter, is_in
from tests.support.consoles import demo_console
from tests.support.oidc_provider import Browser


async def rotate(folder: Path, *options: str) -> str:
    """In a thread, for it has an event loop of its own."""
    words = ["keys", "rotate", "console", *options, "--data", str(folder)]
    result = await asyncio.to_thread(CliRunner().invoke, cli, words)
    assert result.exit_code == 0, result.output
    return result.output


async def test_sessions_go_on_until_they_end_and_then_the_old_key_goes(tmp_path: Path) -> None:
    """Whoever signs in meanwhile has the new key, and stays."""
    file = tmp_path / "console.key"
    async with demo_console(tmp_path) as root, Browser(root) as first, Browser(root) as second:
        await enter(first)
        [old] = key_file.read(file)
        assert "1 session(s) need the old key, until 20" in await rotate(tmp_path)
        new, kept = key_file.read(file)
        assert kept == old
        assert await is_in(first)
        # It was turned over an hour ago; the second signs in now.
        hour_ago = datetime.now(UTC) - timedelta(hours=1)
        os.utime(file, (hour_ago.timestamp(),) * 2)
        await enter(second)
        assert "No session needs the old key" in await rotate(tmp_path)
        assert key_file.read(file) == [new]
        assert await is_in(second)


async def test_whoever_cannot_wait_signs_everybody_out(tmp_path: Path) -> None:
    """Of those who came in with the old key; it opens nothing afterwards."""
    file = tmp_path / "console.key"
    async with demo_console(tmp_path) as root, Browser(root) as browser:
        await enter(browser)
        [old] = key_file.read(file)
        assert "No session needs the old key" in await rotate(tmp_path, "--sign-out")
        assert old not in key_file.read(file)
        assert not await is_in(browser)
        await enter(browser)
        assert await is_in(browser)


async def test_only_the_console_signs_anybody_out(tmp_path: Path) -> None:
    """The others have no sessions."""
    words = ["keys", "rotate", "registry", "--sign-out", "--data", str(tmp_path)]
    result = await asyncio.to_thread(CliRunner().invoke, cli, words)
    assert result.exit_code == 2
    assert "--sign-out is for the console" in result.output
