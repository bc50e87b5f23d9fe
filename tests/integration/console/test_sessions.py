"""Sessions of demo users: how long they live, what a browser and the database know of them, whose forms are ours."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from services.cli.demo_users import demo_users
from services.cli.errors import CannotRun
from services.cli.run import run
from services.console.seal import Seal
from tests.support.consoles import demo_console
from tests.support.oidc_provider import Browser, Page
from tests.support.world import Clock


async def enter(browser: Browser, user: str = "coordinator", leads_to: str = "/nowhere") -> Page:
    """Be a demo user."""
    return await browser.send(await browser.get("/sign-in"), "/sign-in", user=user, to=leads_to)


@pytest.fixture
def clock() -> Clock:
    """Moved by hand."""
    return Clock()


@pytest.fixture
async def root(tmp_path: Path, clock: Clock) -> AsyncIterator[str]:
    """A console with demo users."""
    async with demo_console(tmp_path, clock) as address:
        yield address


@pytest.fixture
async def browser(root: str) -> AsyncIterator[Browser]:
    """Somebody's."""
    async with Browser(root) as one:
        yield one


async def is_in(browser: Browser) -> bool:
    return "coordination-noord" in (await browser.get("/nowhere")).text


async def test_a_session_ends_when_nobody_uses_it(browser: Browser, clock: Clock) -> None:
    """After twenty minutes; whoever uses it stays."""
    await enter(browser)
    for _ in range(3):
        clock.forward(minutes=19)
        assert await is_in(browser)
    clock.forward(minutes=20)
    assert not await is_in(browser)
    assert browser.cookie("session") is None


async def test_a_session_ends_after_hours_however_much_it_is_used(browser: Browser, clock: Clock) -> None:
    """Eight of them; its access token was renewed in between."""
    await enter(browser)
    for _ in range(31):
        clock.forward(minutes=15)
        assert await is_in(browser)
    clock.forward(minutes=15)
    assert not await is_in(browser)


async def test_a_session_that_is_over_is_forgotten(browser: Browser, clock: Clock, tmp_path: Path) -> None:
    """Whoever has the database later finds nobody."""
    await enter(browser)
    assert len(rows(tmp_path)) == 1
    clock.forward(minutes=21)
    await browser.get("/nowhere")
    assert rows(tmp_path) == []


async def test_the_database_knows_neither_the_cookie_nor_the_token(browser: Browser, tmp_path: Path) -> None:
    """Whoever reads it, and the key file too, can be nobody."""
    await enter(browser)
    secret = browser.cookie("session")
    assert secret is not None
    [(sealed,)] = rows(tmp_path)
    everything = stored(tmp_path)
    assert secret.encode() not in everything
    assert b"eyJ" not in everything
    assert b"coordination-noord" not in sealed
    seal = Seal(lambda: [(tmp_path / "console.key").read_bytes().strip()], bytes)
    assert seal.mark(secret) != seal.mark("another")


async def test_a_cookie_is_out_of_reach_of_scripts_and_other_sites(browser: Browser) -> None:
    """On this machine without TLS; with it, it has a name that no other host can set."""
    entered = await enter(browser)
    assert "HttpOnly" in entered.headers["Set-Cookie"]
    assert "SameSite=Lax" in entered.headers["Set-Cookie"]


async def test_over_tls_cookies_are_for_this_host_alone(tmp_path: Path) -> None:
    """By the prefix that browsers enforce. Requests come through a proxy, under the public name."""
    async with demo_console(tmp_path, public="https://console.example") as address, Browser(address) as browser:
        page = await browser.get("/sign-in", Host="console.example")
        cookie = page.headers["Set-Cookie"]
        assert cookie.startswith("__Host-doorstroom-visitor=")
        assert "Secure" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie


@pytest.mark.parametrize("path", ["/sign-out", "/language"])
async def test_a_form_without_our_mark_is_refused(browser: Browser, path: str) -> None:
    """Another site can send one, but does not know the mark; and nothing is done."""
    await enter(browser)
    for form in ({}, {"mark": ""}, {"mark": "0" * 64}, {"mark": "ë"}):
        assert (await browser.post(path, form)).status in (400, 403)
    assert await is_in(browser)


async def test_a_mark_is_of_one_browser(root: str, browser: Browser) -> None:
    """What somebody else's page has in it does not count here."""
    await enter(browser)
    async with Browser(root) as other:
        await enter(other)
        stolen = (await other.get("/nowhere")).field("mark")
    assert (await browser.post("/sign-out", {"mark": stolen})).status == 403
    assert await is_in(browser)


@pytest.mark.parametrize(
    "header", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
async def test_a_form_from_another_site_is_refused(browser: Browser, header: dict[str, str]) -> None:
    """Even with the mark."""
    await enter(browser)
    page = await browser.get("/nowhere")
    refused = await browser.post("/sign-out", {"mark": page.field("mark")}, **header)
    assert refused.status == 403
    assert await is_in(browser)


async def test_signing_out_ends_the_session_on_the_server(browser: Browser) -> None:
    """A cookie that was copied before opens nothing."""
    await enter(browser)
    copied = browser.cookie("session")
    assert copied is not None
    out = await browser.send(await browser.get("/nowhere"), "/sign-out")
    assert out.location == "/signed-out"
    assert (await browser.get("/signed-out")).status == 200
    browser.keep("session", copied)
    assert not await is_in(browser)


async def test_a_page_of_another_name_gets_nothing(browser: Browser) -> None:
    """A site whose name suddenly leads to this machine (DNS rebinding) could else be any demo user."""
    assert (await browser.get("/sign-in", Host="evil.example")).status == 421
    alias = await browser.get("/sign-in", Host="localhost:1")
    assert alias.location == f"{browser.root}/sign-in"


async def test_a_role_sees_its_own_pages_only(browser: Browser) -> None:
    """The others are refused, in the console already."""
    await enter(browser, "provider")
    assert (await browser.get("/inbox")).status == 403


async def test_what_is_not_there_is_told_in_the_language_of_who_asks(browser: Browser) -> None:
    """Dutch, unless somebody wants English; chosen once, it stays."""
    assert 'lang="nl"' in (await browser.get("/nowhere")).text
    assert 'lang="en"' in (await browser.get("/nowhere", **{"Accept-Language": "en"})).text
    chosen = await browser.send(await browser.get("/sign-in"), "/language", language="en", back="/sign-in")
    assert chosen.location == "/sign-in"
    assert 'lang="en"' in (await browser.get("/sign-in")).text


async def test_services_that_do_not_answer_are_told(browser: Browser) -> None:
    """A page, and not an error of ours."""
    await enter(browser)
    page = await browser.get("/inbox")
    assert page.status == 503
    assert page.headers["Cache-Control"] == "no-store"


async def test_no_demo_user_without_the_switch(tmp_path: Path) -> None:
    """There is nobody to be, whatever is sent."""
    async with demo_console(tmp_path, users=None) as address, Browser(address) as browser:
        assert (await enter(browser)).status == 404


async def test_demo_users_are_for_this_machine_alone(tmp_path: Path) -> None:
    """Whoever could reach it from elsewhere could be anybody."""
    for host in ("0.0.0.0", "192.0.2.1", "example.org"):
        with pytest.raises(CannotRun, match="demo"):
            await run(tmp_path, 0, play=False, host=host, users=demo_users())


def stored(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("console.sqlite3*"))


async def test_it_can_listen_on_another_address_of_this_machine(tmp_path: Path) -> None:
    """And is found there, by people and by the console itself."""
    async with demo_console(tmp_path, host="::1") as address, Browser(address) as browser:
        assert address.startswith("http://[::1]:")
        assert (await enter(browser)).status == 303


def rows(folder: Path) -> list[tuple[bytes]]:
    with closing(sqlite3.connect(folder / "console.sqlite3")) as database:
        return list(database.execute("SELECT sealed FROM sessions"))


async def test_a_page_that_asks_by_itself_keeps_no_session_alive(browser: Browser, clock: Clock) -> None:
    """Nobody may be there."""
    await enter(browser)
    clock.forward(minutes=19)
    assert (await browser.get("/here", **{"Doorstroom-By-Itself": "yes"})).status == 204
    clock.forward(minutes=1)
    assert (await browser.get("/here", **{"Doorstroom-By-Itself": "yes"})).status == 401
    await enter(browser)
    clock.forward(minutes=20)
    assert (await browser.get("/inbox")).location == "/sign-in?to=%2Finbox&told=ended"


async def test_a_locked_session_sees_nothing_until_somebody_signs_in(browser: Browser, clock: Clock) -> None:
    """However long nobody is there, and by no address; it may only hear."""
    page = await enter(browser)
    await browser.send(await browser.follow(page), "/lock")
    assert (await browser.get("/inbox")).location == "/sign-in?to=%2Finbox&told=locked"
    clock.forward(minutes=60)
    assert (await browser.get("/inbox")).location == "/sign-in?to=%2Finbox&told=locked"
    assert "vergrendeld" in (await browser.get("/sign-in?told=locked")).text
    assert not await is_in(browser)
    await enter(browser)
    assert await is_in(browser)


async def test_nobody_hears_anything_who_is_not_signed_in(browser: Browser) -> None:
    """The live line answers that they are not, and leads nowhere: it is no page."""
    assert (await browser.get("/live")).status == 401
    assert (await browser.get("/live?after=7", **{"Last-Event-ID": "7"})).status == 401
