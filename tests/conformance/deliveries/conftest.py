"""The notifications' service on either database, and a receiver."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.conftest import DATABASES
from tests.support.receiver import Receiver
from tests.support.telling import Telling
from tests.support.templates import postgresql_copy, sqlite_copy


@pytest.fixture(params=DATABASES)
async def notifications_url(
    request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path
) -> AsyncIterator[str]:
    """A database of the service's own."""
    async with AsyncExitStack() as stack:
        if request.param == "postgresql":
            server, templates = request.getfixturevalue("postgres_url"), request.getfixturevalue("postgresql_template")
            only = {"notifications": templates["notifications"]}
            urls = await stack.enter_async_context(postgresql_copy(server, only))
        else:
            urls = sqlite_copy(sqlite_template, tmp_path)
        yield urls["notifications"]


@pytest.fixture
async def telling(notifications_url: str, tmp_path: Path) -> AsyncIterator[Telling]:
    made = Telling(notifications_url, tmp_path)
    yield made
    await made.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    await made.start()
    yield made
    await made.stop()
