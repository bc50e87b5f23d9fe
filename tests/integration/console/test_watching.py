"""What the helpdesk and auditors see and do in the console, on the sample."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.integration.console.conftest import enter
from tests.support.oidc_provider import Browser, Page

HELPDESK, AUDITOR = "helpdesk-comensha", "auditor-auditor"
Enter = Callable[[str], Awaitable[Browser]]


@pytest.fixture
async def sign_in(console: str) -> AsyncIterator[Enter]:
    """Gives browsers, and closes them."""
    browsers = []

    async def one(user: str) -> Browser:
        browsers.append(await enter(console, user))
        return browsers[-1]

    yield one
    for browser in browsers:
        await browser.session.close()


def link(page: Page, pattern: str) -> str:
    """The first address on the page that is so."""
    found = re.search(rf'(?:href|action)="({pattern})"', page.text)
    assert found is not None, page.text
    return found.group(1)


async def test_an_auditor_reads_a_decision_and_has_it_made_again(sign_in: Enter) -> None:
    """From the list, or by its id: who was passed over and why, the policy, and that it is the same byte for byte."""
    auditor = await sign_in(AUDITOR)
    listed = await auditor.get("/decisions")
    page = await auditor.get(link(listed, "/decisions/[0-9a-f-]{36}"))
    assert "urgency-then-waiting-since.v1/" in page.text
    again = await auditor.send(page, link(page, '/decisions/[^"]+/replay'))
    assert "dezelfde, byte voor byte" in again.text
    id_ = str(page.url).rpartition("/")[2]
    assert (await auditor.follow(await auditor.send(listed, "/decisions", decision=f" {id_} "))).url == page.url
    wrong = await auditor.send(listed, "/decisions", decision="<b>x</b>")
    assert (wrong.status, "Geef een heel kenmerk" in wrong.text, "<b>" in wrong.text) == (400, True, False)


async def test_a_draw_is_begun_and_ended_in_public(sign_in: Enter) -> None:
    """By the helpdesk; whoever looks sees the commitment at once and the seed when it is over."""
    helpdesk, auditor = await sign_in(HELPDESK), await sign_in(AUDITOR)
    page = await helpdesk.get("/draws")
    assert (await helpdesk.send(page, "/draws", waitlist="none", key=page.field("key"))).status == 400
    begun = await helpdesk.follow(await helpdesk.send(page, "/draws", waitlist="omm", key=page.field("key")))
    assert "De loting is begonnen" in begun.text
    path = link(begun, "/draws/[0-9a-f-]{36}")
    running = await helpdesk.get(path)
    assert "Begingetal" not in (await auditor.get(path)).text
    over = await helpdesk.follow(await helpdesk.send(running, f"{path}/publish", key=running.field("key")))
    assert "Het begingetal is openbaar" in over.text
    assert re.search(r"Begingetal</dt>\s*<dd class=\"mono\">[0-9a-f]{64}<", (await auditor.get(path)).text)
    assert (await auditor.send(await auditor.get("/draws"), "/draws", waitlist="omm")).status == 403


PAGES = {HELPDESK: ("/deliveries", "/draws"), AUDITOR: ("/decisions", "/draws")}


@pytest.mark.parametrize(("user", "paths"), PAGES.items())
async def test_every_page_is_safe_small_and_in_both_languages(
    sign_in: Enter, user: str, paths: tuple[str, ...]
) -> None:
    """Nothing from elsewhere, no code or style inside, nothing kept, and no text without its Dutch."""
    browser = await sign_in(user)
    for path in paths:
        dutch, english = await browser.get(path), await browser.get(path, **{"Accept-Language": "en"})
        assert (dutch.status, english.status) == (200, 200), path
        assert ('lang="nl"' in dutch.text, 'lang="en"' in english.text) == (True, True)
        for page in (dutch, english):
            assert page.headers["Cache-Control"] == "no-store"
            assert not re.search(r"<script(?![^>]*src=\"/static/)|<style| style=| on[a-z]+=|https?://", page.text)
        loaded = [await browser.get(address) for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', dutch.text)]
        assert sum(len(page.text.encode()) for page in (dutch, *loaded)) < 100 * 1024
