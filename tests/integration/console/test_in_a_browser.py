"""What people do in a real browser (Debian's Chromium): by what is on the page, and nothing refused by policy."""

import re
import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect

pytestmark = pytest.mark.server  # of another kind: the browser

PHONE = ViewportSize(width=320, height=640)
PATIENCE_MILLISECONDS = 20_000.0


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium, without a window."""
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("these tests need chromium: run deploy/install-test-tools", pytrace=False)
    async with async_playwright() as playwright:
        # Root has no sandbox of its own; what is looked at is our own page.
        chromium = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        await chromium.close()


async def enter(browser: Browser, console: str, user: str, complaints: list[str]) -> Page:
    """Somebody's own window, on a phone; what the browser complains of is collected."""
    context = await browser.new_context(locale="nl-NL", viewport=PHONE)
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = await context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(console)
    await page.locator(f"button[value='{user}']").click()
    return page


async def narrow(page: Page) -> None:
    """Nothing must be scrolled to from the side."""
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


async def test_a_place_that_is_posted_is_accepted_by_a_coordinator(browser: Browser, console: str) -> None:
    """A provider says that it is free; the coordinator of whoever is next signs in, accepts, and signs out."""
    complaints: list[str] = []
    provider = await enter(browser, console, "provider-shelter-noord", complaints)
    await expect(provider.get_by_role("heading", name="Plekken")).to_be_visible()
    await narrow(provider)
    await provider.get_by_role("button", name="is vrij").first.click()
    await expect(provider.get_by_role("status")).to_contain_text("Gemeld.")
    coordinator = await with_an_offer(browser, console, complaints)
    await narrow(coordinator)
    await expect(coordinator.locator("time.countdown").first).to_have_text(re.compile(r"\d+ u \d+ min|\d+ d \d+ u"))
    await coordinator.get_by_role("link", name="Aannemen").first.click()
    await coordinator.get_by_role("button", name="Ja, aannemen").click()
    await expect(coordinator.get_by_role("status")).to_contain_text("Aangenomen.")
    await provider.reload()
    await expect(provider.get_by_role("table")).to_contain_text("Er komt iemand")
    await coordinator.get_by_role("button", name="Uitloggen").click()
    await expect(coordinator.get_by_role("heading", name="Uitgelogd")).to_be_visible()
    await coordinator.go_back()
    await coordinator.reload()
    await expect(coordinator.get_by_role("heading", name="Inloggen")).to_be_visible()
    assert complaints == []


async def with_an_offer(browser: Browser, console: str, complaints: list[str]) -> Page:
    """The window of the coordinator whose household is next."""
    pages = [
        await enter(browser, console, user, complaints)
        for user in (
            "coordinator-coordination-zuid",
            "coordinator-coordination-noord",
            "coordinator-coordination-midden",
            "helpdesk-comensha",
        )
    ]
    for _ in range(20):
        for page in pages:
            await page.reload()
            if await page.get_by_role("link", name="Aannemen").count():
                return page
    raise AssertionError("somebody was offered it")
