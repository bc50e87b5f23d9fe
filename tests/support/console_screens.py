"""Screenshots of the console's main pages, for `docs/console`: `python -m tests.support.console_screens` makes them.

From the sample and the first start's play, so that there is something on each page. Look at them before committing.
"""

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import aiohttp
from playwright.async_api import Browser, ViewportSize, async_playwright

from doorstroom_client import Endpoints
from services.chassis.clock import system_clock
from services.cli.cast import Cast
from services.cli.demo_users import demo_users
from services.cli.embedded import Embedded, build_embedded
from services.cli.first_start import FirstStart

FOLDER = Path(__file__).parents[2] / "docs/console"
PHONE, HEIGHT = 390, 780


@dataclass(frozen=True, slots=True)
class Screen:
    """One picture: whose page, and how it is looked at. `then` are links that are followed from there."""

    name: str
    user: str
    path: str
    then: Sequence[str] = ()
    width: int = 1100
    scheme: Literal["light", "dark"] = "light"
    locale: str = "nl-NL"


HELPDESK, AUDITOR = "helpdesk-comensha", "auditor-auditor"
SCREENS = (
    Screen("sign-in", "", "/sign-in"),
    Screen("inbox-phone", HELPDESK, "/inbox", width=PHONE),
    Screen("cases", "coordinator-coordination-zuid", "/cases"),
    Screen("case", "coordinator-coordination-zuid", "/cases", then=("table a",)),
    Screen("beds", "provider-shelter-noord", "/beds"),
    Screen("beds-phone-dark", "provider-shelter-zuid", "/beds", width=PHONE, scheme="dark"),
    Screen("homes", "municipality-gm0344", "/slots"),
    Screen("task", "municipality-gm0344", "/quota"),
    Screen("chain", HELPDESK, "/chain"),
    Screen("decision", AUDITOR, "/decisions", then=("table a",)),
    Screen("figures-waiting", AUDITOR, "/figures/waiting"),
    Screen("figures-quota-dark", AUDITOR, "/figures/quota", scheme="dark"),
    Screen("figures-english", "provider-shelter-noord", "/figures/occupancy", locale="en-GB"),
    Screen("audit", AUDITOR, "/audit"),
)


async def take(browser: Browser, root: str, screen: Screen) -> None:
    """One of them."""
    size = ViewportSize(width=screen.width, height=HEIGHT)
    context = await browser.new_context(locale=screen.locale, viewport=size, color_scheme=screen.scheme)
    page = await context.new_page()
    await page.goto(f"{root}/sign-in")
    if screen.user:
        await page.locator(f"button[value='{screen.user}']").click()
        await page.goto(f"{root}{screen.path}")
    for link in screen.then:
        await page.goto(f"{root}{await page.locator(link).first.get_attribute('href')}")
    await page.screenshot(path=FOLDER / f"{screen.name}.png")
    await context.close()


async def play(embedded: Embedded, data: Path) -> None:
    """Load the sample, and play once what happens when a bed comes free."""
    async with aiohttp.ClientSession() as session:
        cast = Cast(embedded.issuer, session, Endpoints.at(embedded.process.root))
        await FirstStart(data, cast, system_clock(), lambda _line: None).happen()


async def main() -> None:
    """All of them, in place of those there are."""
    for old in FOLDER.glob("*.png"):
        old.unlink()
    with TemporaryDirectory() as folder:
        embedded = build_embedded(Path(folder), demo_users(), access_log=False)
        await embedded.process.start("127.0.0.1", 0)
        await play(embedded, Path(folder))
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            for screen in SCREENS:
                await take(browser, embedded.process.root, screen)
            await browser.close()
        await embedded.process.stop(0)


if __name__ == "__main__":
    asyncio.run(main())
