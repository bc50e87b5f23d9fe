"""Lines on which nothing comes any more and nobody says so: whoever waits on one lets go of it in time."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import make_url, text

from services.chassis.background import STOP_SECONDS, Background
from services.chassis.database import Database, DatabaseUnavailable
from tests.support.proxy import Proxy

AT_ONCE_SECONDS = 2.0


@pytest.fixture
async def lines(postgresql_database_url: str) -> AsyncIterator[Proxy]:
    port = make_url(postgresql_database_url).port
    assert port is not None
    proxy = Proxy([port])
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest.fixture
async def database(postgresql_database_url: str, lines: Proxy) -> AsyncIterator[Database]:
    url = make_url(postgresql_database_url).set(port=lines.port)
    database = Database.connect(url.render_as_string(hide_password=False), 2)
    yield database
    await database.close()


@pytest.mark.parametrize("writing", [True, False])
async def test_who_gives_up_waiting_for_a_silent_database_does_so_at_once(
    database: Database, lines: Proxy, *, writing: bool
) -> None:
    """And the next one has a line of its own."""
    opened = asyncio.Event()

    async def work() -> None:
        async with database.transaction() if writing else database.reading() as connection:
            await connection.execute(text("SELECT 1"))
            opened.set()
            lines.go_silent()
            await connection.execute(text("SELECT 2"))

    waiting = asyncio.create_task(work())
    await opened.wait()
    await asyncio.sleep(0.1)
    begun = time.monotonic()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert time.monotonic() - begun < AT_ONCE_SECONDS
    await database.ping()


async def test_a_line_that_is_cut_after_commit_was_sent_is_an_unavailable_database(
    database: Database, lines: Proxy
) -> None:
    """Whether it was stored nobody knows here: whoever asks again with the same key hears it."""
    async with database.transaction() as connection:
        await connection.execute(text("CREATE TABLE notes (id int PRIMARY KEY)"))
    lines.cut_after(b"COMMIT")
    with pytest.raises(DatabaseUnavailable):
        async with database.transaction() as connection:
            await connection.execute(text("INSERT INTO notes VALUES (1)"))
    async with database.reading() as connection:
        assert len(await connection.execute(text("SELECT id FROM notes"))) in (0, 1)


async def test_stopping_waits_for_no_task_for_ever() -> None:
    """One that does not end when it is asked to is left behind, and the others have ended."""
    ended, background = asyncio.Event(), Background()

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.sleep(3 * STOP_SECONDS)
            except asyncio.CancelledError:
                if ended.is_set():
                    raise

    async def polite() -> None:
        await asyncio.Event().wait()

    background.start("stubborn", stubborn)
    background.start("polite", polite)
    await asyncio.sleep(0.1)
    begun = time.monotonic()
    await background.stop()
    assert STOP_SECONDS <= time.monotonic() - begun < 2 * STOP_SECONDS
    assert [task.get_name() for task in asyncio.all_tasks() if task.get_name() in ("stubborn", "polite")] == [
        "stubborn"
    ]
    ended.set()
    for task in asyncio.all_tasks():
        if task.get_name() == "stubborn":
            task.cancel()
