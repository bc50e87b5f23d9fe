"""A backup holds one moment of all services; what was under way then is not lost, and nothing is given twice."""

import json
import shutil
import sqlite3
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from schemas.vocabulary import Programme
from services.cli.__main__ import cli
from services.cli.backup import MANIFEST
from services.cli.run import RESTORED, finish_restore
from services.cli.simulation.database import connect_inline
from services.registry.store.erasures import FILE as ERASURES_FILE
from services.registry.store.vault import KEY_FILE
from tests.support.invariants import check_everything
from tests.support.templates import NAMES, sqlite_copy, sqlite_urls
from tests.support.world import World


def run(*arguments: object) -> Result:
    """The command, in a thread, for it has an event loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(CliRunner().invoke, cli, list(map(str, arguments))).result()


@pytest.fixture
async def lived(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[World]:
    """A bed is accepted, one is offered, and of one nobody has heard yet."""
    world = World(sqlite_copy(sqlite_template, tmp_path / "data"), connect=connect_inline)
    for days in (9, 5, 3):
        await world.join(waitlist="omm", days=days)
    for _ in range(2):
        await world.post_bed(await world.add_unit(2, programme=Programme.OMM))
        await world.settle()
    first, _ = await world.offers("made")
    await world.accept(first["id"])
    await world.settle()
    await world.post_bed(await world.add_unit(2, programme=Programme.OMM))
    yield world
    await world.close()


async def test_what_was_under_way_goes_on_and_nothing_is_given_twice(lived: World, tmp_path: Path) -> None:
    """Also what was said and heard is said again, for nobody knows any more who has heard it."""
    copied = run("backup", tmp_path / "kept", "--data", tmp_path / "data")
    assert copied.exit_code == 0, copied.output
    await lived.settle()
    (made, _) = await lived.offers("made")
    await lived.decline(made["id"])
    done = run("restore", tmp_path / "kept", "--data", tmp_path / "new")
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "new").glob("[!.]*")) == sorted(f"{name}.sqlite3" for name in NAMES)
    world = World(sqlite_urls(tmp_path / "new"), connect=connect_inline)
    try:
        world.clock.now, world.identifiers._last = lived.clock.now, lived.identifiers._last
        assert [offer["state"] for offer in await world.offers()] == ["accepted", "made"]
        await world.settle()
        assert [offer["state"] for offer in await world.offers()] == ["accepted", "made", "made"]
        assert len({offer["vacancy_id"] for offer in await world.offers()}) == 3
        await check_everything(world)
    finally:
        await world.close()


@pytest.mark.usefixtures("lived")
async def test_all_databases_are_of_one_moment(tmp_path: Path) -> None:
    """Nothing is copied while somebody writes, and what is written meanwhile is in none of the copies."""
    with closing(sqlite3.connect(tmp_path / "data" / "registry.sqlite3", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as thread:
            copying = thread.submit(run, "backup", tmp_path / "kept", "--data", tmp_path / "data")
            with pytest.raises(TimeoutError):
                copying.result(0.3)
            writer.execute("COMMIT")
            assert copying.result(20).exit_code == 0
    with closing(sqlite3.connect(tmp_path / "kept" / "registry.sqlite3")) as copy:
        assert copy.execute("SELECT count(*) FROM entries").fetchone() == (3,)


@pytest.mark.usefixtures("lived")
async def test_nothing_is_overwritten_and_nothing_half_done(tmp_path: Path) -> None:
    """Whatever cannot be right is refused in words that say what to do."""
    data, kept = tmp_path / "data", tmp_path / "kept"
    nowhere = run("backup", kept, "--data", tmp_path / "nowhere")
    assert (nowhere.exit_code, kept.exists()) == (1, False)
    assert "make run" in str(nowhere.exception)
    (data / KEY_FILE).write_bytes(b"a key")
    assert run("backup", kept, "--data", data).exit_code == 0
    assert not (kept / KEY_FILE).exists()
    for refused, words in (
        (run("backup", kept, "--data", data), "there already"),
        (run("restore", kept, "--data", data), "move that away"),
        (run("restore", data, "--data", tmp_path / "new"), "is no backup"),
        (run("restore", kept, "--data", tmp_path / "new"), KEY_FILE),
    ):
        assert words in str(refused.exception)
    shutil.copyfile(data / KEY_FILE, tmp_path / "new" / KEY_FILE)
    with (kept / "shelters.sqlite3").open("ab") as file:
        file.write(b"more")
    assert "not what it was" in str(run("restore", kept, "--data", tmp_path / "new").exception)
    assert [path.name for path in (tmp_path / "new").glob("[!.]*")] == [KEY_FILE]


@pytest.mark.usefixtures("lived")
async def test_with_its_key_a_backup_is_whole(tmp_path: Path) -> None:
    """And only who runs the services can read the key."""
    (tmp_path / "data" / KEY_FILE).write_bytes(b"a key")
    assert run("backup", tmp_path / "kept", "--data", tmp_path / "data", "--with-key").exit_code == 0
    new = ("--data", tmp_path / "new")
    assert ERASURES_FILE in str(run("restore", tmp_path / "kept", *new).exception)
    assert run("restore", tmp_path / "kept", *new, "--nothing-erased").exit_code == 0
    assert (tmp_path / "new" / KEY_FILE).read_bytes() == b"a key"
    assert (tmp_path / "new" / KEY_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("lived")
async def test_a_restore_that_is_interrupted_is_finished_by_the_next_start(tmp_path: Path) -> None:
    """What is whole and not in its place yet gets there before anything is opened."""
    new = tmp_path / "new"
    assert run("backup", tmp_path / "kept", "--data", tmp_path / "data").exit_code == 0
    assert run("restore", tmp_path / "kept", "--data", new).exit_code == 0
    (new / RESTORED).mkdir()
    for name in NAMES[1:]:
        (new / f"{name}.sqlite3").rename(new / RESTORED / f"{name}.sqlite3")
    assert "interrupted" in str(run("restore", tmp_path / "kept", "--data", new).exception)
    finish_restore(new)
    assert sorted(path.stem for path in new.glob("[!.]*")) == sorted(NAMES)


@pytest.mark.usefixtures("lived")
async def test_a_backup_that_does_not_say_what_is_in_it_is_none(tmp_path: Path) -> None:
    """An empty list of files would restore nothing, and everybody would begin anew."""
    assert run("backup", tmp_path / "kept", "--data", tmp_path / "data").exit_code == 0
    manifest = tmp_path / "kept" / MANIFEST
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"sha256": {}}))
    assert "is no backup" in str(run("restore", tmp_path / "kept", "--data", tmp_path / "new").exception)


@pytest.mark.usefixtures("lived")
async def test_the_token_endpoints_clients_are_in_a_backup(tmp_path: Path) -> None:
    """Where it was started once; its key only when asked for."""
    data, kept, new = tmp_path / "data", tmp_path / "kept", tmp_path / "new"
    with closing(sqlite3.connect(data / "identity.sqlite3")) as connection:
        connection.execute("CREATE TABLE clients (id TEXT)")
    (data / "identity.key").write_text("secret")
    assert run("backup", kept, "--data", data).exit_code == 0
    assert not (kept / "identity.key").exists()
    assert run("backup", tmp_path / "whole", "--data", data, "--with-key").exit_code == 0
    assert run("restore", tmp_path / "whole", "--data", new).exit_code == 0
    assert (new / "identity.key").read_text() == "secret"
    with closing(sqlite3.connect(new / "identity.sqlite3")) as connection:
        assert connection.execute("SELECT count(*) FROM clients").fetchone() == (0,)


@pytest.mark.usefixtures("lived")
async def test_who_signed_in_is_in_a_backup_and_their_session_is_not(tmp_path: Path) -> None:
    """Whoever signed out since is not in again when it is put back; the audit log has a line all the same."""
    data, kept = tmp_path / "data", tmp_path / "kept"
    with closing(sqlite3.connect(data / "console.sqlite3")) as connection, connection:
        for table in ("sessions", "audit_log"):
            connection.execute(f"CREATE TABLE {table} (id TEXT)")
            connection.execute(f"INSERT INTO {table} VALUES ('one')")
    assert run("backup", kept, "--data", data).exit_code == 0
    with closing(sqlite3.connect(kept / "console.sqlite3")) as connection:
        asked = ("SELECT count(*) FROM sessions", "SELECT count(*) FROM audit_log")
        counts = [connection.execute(query).fetchone()[0] for query in asked]
    assert counts == [0, 1]
