"""The windows of people in a real browser (Debian's Chromium), and what several tests do in them."""

import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Locator, Page, ViewportSize, async_playwright, expect

from tests.support.waiting import eventually

PHONE = ViewportSize(width=320, height=640)
PATIENCE_MILLISECONDS = 20_000.0
SEEN_WITHIN_SECONDS = 5.0
COORDINATORS = (
    "coordinator-coordination-zuid",
    "coordinator-coordination-noord",
    "coordinator-coordination-midden",
    "helpdesk-comensha",
)


class Windows:
    """The windows of people, each with a browser of their own, on a phone; what these complain of is gathered."""

    def __init__(self, chromium: Browser, root: str) -> None:
        self.chromium = chromium
        self.root = root
        self.complaints: list[str] = []

    async def enter(self, user: str, path: str = "/") -> Page:
        """Sign in, and look at a page."""
        context = await self.chromium.new_context(locale="nl-NL", viewport=PHONE, permissions=["notifications"])
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        page = await context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(f"{self.root}/sign-in?to={path}")
        await page.locator(f"button[value='{user}']").click()
        await expect(page.locator("html[data-live]")).to_have_count(1)
        return page

    async def close(self) -> None:
        """Nobody looks any more."""
        for context in self.chromium.contexts:
            await context.close()


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Without a window."""
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("these tests need chromium: run deploy/install-test-tools", pytrace=False)
    async with async_playwright() as playwright:
        # Root has no sandbox of its own; what is looked at is our own page.
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        await browser.close()


async def narrow(page: Page) -> None:
    """Nothing must be scrolled to from the side."""
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def accepts(where: Page | Locator) -> Locator:
    return where.get_by_role("link", name="Aannemen")


async def first_with_more(pages: list[Page], before: list[int]) -> Page:
    """The page on which one more offer waits than before."""

    async def look() -> Page | None:
        for page, count in zip(pages, before, strict=True):
            if await accepts(page).count() > count:
                return page
        return None

    return await eventually(look)  # type: ignore[return-value] # until there is one


async def offered(windows: Windows) -> tuple[Page, Page]:
    """A provider posts a place while all coordinators look at their inboxes; both pages of those concerned."""
    provider = await windows.enter("provider-shelter-noord")
    inboxes = [await windows.enter(user, "/inbox") for user in COORDINATORS]
    before = [await accepts(page).count() for page in inboxes]
    started = time.perf_counter()
    await provider.get_by_role("button", name="is vrij").first.click()
    coordinator = await first_with_more(inboxes, before)
    seconds = time.perf_counter() - started
    sys.stdout.write(f"a place that is posted is seen as an offer after {seconds:.3f} s\n")
    assert seconds < SEEN_WITHIN_SECONDS
    return provider, coordinator
