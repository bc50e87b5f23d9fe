"""Everything in one process, with the sample loaded and demo users."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from services.cli.demo_users import demo_users
from services.cli.embedded import build_embedded
from tests.support.oidc_provider import Browser

Enter = Callable[[str], Awaitable[Browser]]


@pytest.fixture
async def console(tmp_path: Path, sample_template: Path) -> AsyncIterator[str]:
    """The address of the console, with all services behind it."""
    data = tmp_path / "data"
    shutil.copytree(sample_template, data)
    embedded = build_embedded(data, demo_users(), access_log=False)
    await embedded.process.start("127.0.0.1", 0)
    yield f"http://127.0.0.1:{embedded.process.port}"
    await embedded.process.stop(0)


async def enter(console: str, user: str) -> Browser:
    """A browser in which this demo user is signed in."""
    browser = Browser(console)
    entered = await browser.send(await browser.get("/sign-in"), "/sign-in", user=user, to="/")
    assert entered.status == 303, entered.text
    return browser


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
