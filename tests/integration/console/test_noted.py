"""The console's own audit log, and how fast its pages may be asked for."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.cli.__main__ import cli
from services.console.demo import DemoUsers
from services.console.failures import Reason, SignInFailed
from services.console.grants import Grant
from tests.integration.console.test_sessions import enter
from tests.support.consoles import demo_console
from tests.support.oidc_provider import Browser
from tests.support.world import Clock

COORDINATOR = ("demo-coordinator", "coordination-noord", "coordinator")
NAMES = "action, result, status, objects, subject, organisation, role, origin"
Line = tuple[str, str, int, object, str | None, str | None, str | None, str]


def noted(folder: Path) -> list[Line]:
    """Sealed or not."""
    with closing(sqlite3.connect(folder / "console.sqlite3")) as database:
        rows = database.execute(
            f"SELECT {NAMES} FROM (SELECT id, {NAMES} FROM audit_pending UNION SELECT id, {NAMES} FROM audit_log) "
            "ORDER BY id"
        )
        return [(*row[:3], json.loads(row[3]), *row[4:]) for row in rows]


async def command(*words: str) -> Result:
    """In a thread, for it has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, cli, words)


async def test_who_signs_in_and_out_is_noted(tmp_path: Path) -> None:
    """With whom the token names; the cookie and the token themselves are not there."""
    async with demo_console(tmp_path) as root, Browser(root) as browser:
        await enter(browser)
        secret = browser.cookie("session")
        assert secret is not None
        await browser.send(await browser.get("/nowhere"), "/sign-out")
        assert noted(tmp_path) == [
            ("signIn", "done", 303, {}, *COORDINATOR, "console"),
            ("signOut", "done", 303, {}, *COORDINATOR, "console"),
        ]
    verified = await command("audit", "verify", "console", "--data", str(tmp_path))
    assert verified.exit_code == 0, verified.output
    listed = await command("audit", "list", "console", "--json", "--data", str(tmp_path))
    assert [json.loads(line)["action"] for line in listed.stdout.splitlines()] == ["signIn", "signOut"]
    assert secret not in listed.stdout


async def test_who_is_refused_is_noted(tmp_path: Path) -> None:
    """Nobody that there is, a page for others, a form that is not ours; and each with one of our words for it."""
    async with demo_console(tmp_path) as root, Browser(root) as browser:
        assert (await enter(browser, "nobody")).status == 400
        await enter(browser)
        assert (await browser.get("/beds")).status == 403
        assert (await browser.post("/sign-out", {"mark": "x"})).status == 403
        refusals = [line for line in noted(tmp_path) if line[1] == "refused"]
        assert refusals == [
            ("signIn", "refused", 400, {"reason": "not-begun"}, None, None, None, "console"),
            ("openPage", "refused", 403, {"reason": "not-for-this-role"}, *COORDINATOR, "console"),
            ("openPage", "refused", 403, {"reason": "not-our-form"}, *COORDINATOR, "console"),
        ]


async def gone(_users: DemoUsers, _grant: Grant) -> Grant:
    raise SignInFailed(Reason.OVER, "their provider has thought otherwise")


async def test_who_gets_no_next_token_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are out, and sign in again."""
    clock = Clock()
    async with demo_console(tmp_path, clock, console_idle_minutes=120) as root, Browser(root) as browser:
        await enter(browser)
        monkeypatch.setattr(DemoUsers, "renew", gone)
        clock.forward(minutes=61)
        assert "coordination-noord" not in (await browser.get("/nowhere")).text
        assert noted(tmp_path)[1:] == [("renewSession", "refused", 403, {"reason": "over"}, *COORDINATOR, "console")]


async def test_who_asks_for_pages_too_fast_is_told_when_to_come_back(tmp_path: Path) -> None:
    """By their session, whoever has the same address; the first refusal of a row is noted."""
    clock, limits = Clock(), {"console_session_requests_per_minute": 10, "console_address_requests_per_minute": 10}
    async with demo_console(tmp_path, clock, **limits) as root, Browser(root) as browser, Browser(root) as other:
        await enter(browser)
        await enter(other)
        assert [(await browser.get("/nowhere")).status for _ in range(13)] == [404] * 10 + [429] * 3
        refused = await browser.get("/nowhere")
        assert (refused.headers["Retry-After"], refused.headers["Cache-Control"]) == ("60", "no-store")
        assert "Dat was te veel in korte tijd" in refused.text
        assert (await other.get("/nowhere")).status == 404
        clock.forward(minutes=1)
        assert (await browser.get("/nowhere")).status == 404
        too_fast = [line for line in noted(tmp_path) if line[2] == 429]
        assert too_fast == [("openPage", "refused", 429, {"reason": "too-fast"}, *COORDINATOR, "console")]


async def test_all_who_are_not_signed_in_share_what_their_address_may_ask(tmp_path: Path) -> None:
    """Cookies that somebody made up do not help; and who is signed in goes on."""
    async with (
        demo_console(tmp_path, Clock(), console_address_requests_per_minute=10) as root,
        Browser(root) as browser,
    ):
        await enter(browser)
        async with Browser(root) as stranger:
            statuses = []
            for number in range(10):
                stranger.keep("session", f"{number:043}")
                statuses.append((await stranger.get("/nowhere")).status)
        assert statuses == [404] * 8 + [429] * 2
        assert (await browser.get("/nowhere")).status == 404
