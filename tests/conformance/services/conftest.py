"""A world on either database, checked for every invariant when the test is over."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from services.chassis.database import Database
from services.cli.simulation.database import connect_inline
from tests.conftest import DATABASES
from tests.support.invariants import check_everything
from tests.support.templates import postgresql_copy, sqlite_copy
from tests.support.world import World


@pytest.fixture(params=DATABASES)
async def world(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> AsyncIterator[World]:
    """Every service on a fresh database; afterwards nothing that must never be false may be."""
    connect = Database.connect
    async with AsyncExitStack() as stack:
        if request.param == "postgresql":
            server, templates = request.getfixturevalue("postgres_url"), request.getfixturevalue("postgresql_template")
            urls = await stack.enter_async_context(postgresql_copy(server, templates))
        else:
            urls, connect = sqlite_copy(sqlite_template, tmp_path), connect_inline
        built = World(urls, connect=connect)
        stack.push_async_callback(built.close)
        yield built
        await built.settle()
        await check_everything(built)
