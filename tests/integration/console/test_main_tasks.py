"""Each role's main task in a real browser, from signing in to done, and what changes on a page by itself.

One Chromium and one installation for all of them: nobody here needs a world of their own.
"""

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from services.cli.demo_users import demo_users
from services.cli.embedded import build_embedded
from tests.support.waiting import eventually
from tests.support.windows import COORDINATORS, Windows, accepts, chromium, first_with_more, narrow, offered

pytestmark = [
    pytest.mark.server,  # of another kind: the browser
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def everything(tmp_path_factory: pytest.TempPathFactory, sample_template: Path) -> AsyncIterator[Windows]:
    """Chromium without a window, and the embedded mode with the sample."""
    data = tmp_path_factory.mktemp("main-tasks") / "data"
    shutil.copytree(sample_template, data)
    embedded = build_embedded(data, demo_users(), access_log=False)
    await embedded.process.start("127.0.0.1", 0)
    async with chromium() as browser:
        yield Windows(browser, f"http://127.0.0.1:{embedded.process.port}")
    await embedded.process.stop(0)


@pytest_asyncio.fixture(loop_scope="module")
async def windows(everything: Windows) -> AsyncIterator[Windows]:
    """The same, with nobody left from before; nothing may have been complained of."""
    yield everything
    await everything.close()
    complaints, everything.complaints = everything.complaints, []
    assert complaints == []


async def test_from_a_place_that_is_posted_to_somebody_who_has_left(windows: Windows) -> None:
    """What each of two does, the other sees without asking for the page again."""
    provider, coordinator = await offered(windows)
    await expect(provider.get_by_role("table")).to_contain_text("Aangeboden aan iemand")
    await narrow(provider)
    await narrow(coordinator)
    await expect(coordinator.locator("time.countdown").first).to_have_text(re.compile(r"\d+ u \d+ min|\d+ d \d+ u"))
    await accepts(coordinator).first.click()
    await coordinator.get_by_role("button", name="Ja, aannemen").click()
    await expect(coordinator.get_by_role("status").first).to_contain_text("Aangenomen.")
    await provider.get_by_role("button", name="zij zijn aangekomen").click()
    await expect(provider.get_by_role("status").first).to_contain_text("Zij zijn er.")
    await coordinator.reload()
    await expect(coordinator.get_by_role("table")).to_contain_text("Ingetrokken")
    await provider.get_by_role("link", name="naar verwachting vertrekken").first.click()
    await provider.get_by_label("Dag").fill("2020-01-01")
    await provider.get_by_role("button", name="Opslaan").click()
    assert await provider.get_by_label("Dag").evaluate("field => field.validity.rangeUnderflow")
    await provider.get_by_label("Dag").fill("")
    await provider.get_by_label("Zij wachten op een vergunning").check()
    await provider.get_by_role("button", name="Opslaan").click()
    await expect(provider.get_by_role("status").first).to_contain_text("Opgeslagen")
    await provider.get_by_role("link", name="zij zijn vertrokken").first.click()
    await provider.get_by_label("Naar een andere opvang").check()
    await provider.get_by_role("button", name="Zij zijn vertrokken").click()
    await expect(provider.get_by_role("status").first).to_contain_text("De plek komt vrij")
    await provider.get_by_role("button", name="Uitloggen").click()
    await expect(provider.get_by_role("heading", name="Uitgelogd")).to_be_visible()
    await provider.go_back()
    await provider.reload()
    await expect(provider.get_by_role("heading", name="Inloggen")).to_be_visible()


async def test_from_a_home_that_is_opened_to_people_who_moved_in(windows: Windows) -> None:
    """The municipality sees that a household says yes, claims it and houses it, and what that does to its task."""
    municipality = await windows.enter("municipality-gm0344", "/slots")
    inboxes = [await windows.enter(user, "/inbox") for user in COORDINATORS]
    before = [await accepts(page).count() for page in inboxes]
    await municipality.get_by_label("Voor hoeveel mensen?").fill("2")
    await municipality.get_by_role("button", name="Deze woning openstellen").click()
    coordinator = await first_with_more(inboxes, before)
    home = coordinator.get_by_role("listitem").filter(has=coordinator.get_by_role("heading", name="Woning"))
    await accepts(home).first.click()
    await coordinator.get_by_role("button", name="Ja, aannemen").click()
    await municipality.get_by_role("button", name="Claimen voor woning").click()
    await expect(municipality.get_by_role("status").first).to_contain_text("Geclaimd.")
    await municipality.get_by_role("button", name="zij zijn ingetrokken").click()
    await expect(municipality.get_by_role("status").first).to_contain_text("Zij zijn ingetrokken")
    await municipality.get_by_role("link", name="Taakstelling").click()
    await expect(municipality.get_by_text(re.compile(r"^\d van \d+ mensen zijn ingetrokken"))).to_be_visible()


async def test_an_offer_is_declined_with_a_reason_in_three_steps(windows: Windows) -> None:
    """Decline, the reason, and done; who is next is offered it."""
    _provider, coordinator = await offered(windows)
    await coordinator.get_by_role("link", name="Afwijzen").first.click()
    await coordinator.get_by_label("De plek past niet bij hen").check()
    await coordinator.get_by_role("button", name="Afwijzen").click()
    await expect(coordinator.get_by_role("status").first).to_contain_text("Afgewezen.")


async def test_a_line_that_is_down_is_told_and_catches_up(windows: Windows) -> None:
    """What came meanwhile is there afterwards."""
    page = await windows.enter("provider-shelter-zuid")
    other = await windows.enter("provider-shelter-zuid")
    sign = page.get_by_text("De verbinding is weg")
    await expect(sign).to_be_hidden()
    await page.context.set_offline(offline=True)
    await expect(sign).to_be_visible()
    await other.get_by_role("button", name="is vrij").first.click()
    await expect(other.get_by_role("status").first).to_contain_text("Gemeld.")
    shown = await page.get_by_role("table").inner_text()
    await page.context.set_offline(offline=False)
    await expect(sign).to_be_hidden()
    await expect(page.get_by_role("table")).not_to_have_text(shown)
    # What the browser itself says of a line that is down.
    windows.complaints = [text for text in windows.complaints if "ERR_INTERNET_DISCONNECTED" not in text]


async def test_an_offer_is_told_in_the_title_and_by_the_browser(windows: Windows) -> None:
    """That there is something, and nothing of what; wherever they look, and from a page that is locked."""
    provider = await windows.enter("provider-shelter-midden")
    pages = [await windows.enter(user, "/cases") for user in COORDINATORS]
    for page in pages:
        await page.evaluate(
            "told = []; Notification = class { static permission = 'granted';"
            " constructor(...given) { told.push(given); } }; 0"
        )
    await provider.get_by_role("button", name="is vrij").first.click()

    async def look() -> Page | None:
        for page in pages:
            if (await page.title()).startswith("(1) "):
                return page
        return None

    page = await eventually(look)
    assert page is not None
    assert await page.title() == "(1) Mijn zaken - doorstroom"
    ((text, options),) = await page.evaluate("told")
    assert text == "Er is iets voor u"
    assert set(options) == {"tag", "icon"}


async def test_a_page_at_which_nobody_moves_closes_itself(windows: Windows) -> None:
    """Nothing of it is left, here or behind the back button; signing in leads back to it."""
    page = await windows.enter("coordinator-coordination-zuid", "/cases")
    await expect(page.get_by_role("table")).to_be_visible()
    await page.clock.install()
    await page.reload()
    await page.clock.fast_forward("04:50")
    await expect(page.get_by_role("table")).to_be_visible()
    await page.clock.fast_forward("00:20")
    await expect(page.get_by_role("heading", name="Vergrendeld")).to_be_visible()
    assert await page.title() == "doorstroom"
    assert await page.get_by_role("table").count() == 0
    await page.get_by_role("link", name="Log opnieuw in").click()
    await expect(page.get_by_role("heading", name="Inloggen")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("heading", name="Inloggen")).to_be_visible()
    await expect(page.get_by_role("status")).to_contain_text("vergrendeld")
    await page.locator("button[value='coordinator-coordination-zuid']").click()
    assert re.search(r"/cases$", page.url)
