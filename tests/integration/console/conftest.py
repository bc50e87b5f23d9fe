"""Everything in one process, with the sample loaded and demo users."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from doorstroom_client import Endpoints
from services.chassis.clock import system_clock
from services.cli.cast import Cast
from services.cli.demo_users import demo_users
from services.cli.embedded import build_embedded
from services.cli.sample import Sample
from services.municipalities.domain.half_year import half_year_of
from tests.support.oidc_provider import Browser
from tests.support.templates import run_to_its_end, sqlite_copy


@pytest.fixture(scope="session")
def console_sample(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """Databases and keys with the sample in them, to copy."""
    data = tmp_path_factory.mktemp("console-sample")
    sqlite_copy(sqlite_template, data)
    run_to_its_end(_load(data))
    return data


async def _load(data: Path) -> None:
    embedded = build_embedded(data, access_log=False)
    await embedded.process.start("127.0.0.1", 0)
    async with aiohttp.ClientSession() as session:
        endpoints = Endpoints.at(f"http://127.0.0.1:{embedded.process.port}")
        now = system_clock()
        await Sample(Cast(embedded.issuer, session, endpoints), now, half_year_of(now)).load(lambda _line: None)
    await embedded.process.stop(0)


@pytest.fixture
async def console(tmp_path: Path, console_sample: Path) -> AsyncIterator[str]:
    """The address of the console, with all services behind it."""
    data = tmp_path / "data"
    shutil.copytree(console_sample, data)
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
