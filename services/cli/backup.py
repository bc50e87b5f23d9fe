"""`doorstroom backup` and `restore`: every database of the embedded mode, as they were at one moment."""

import asyncio
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import click

from services.chassis.clock import system_clock
from services.cli.databases import TABLES, opened
from services.cli.embedded import database_url
from services.cli.errors import CannotRun, Failed
from services.cli.first_start import STATE_FILE
from services.cli.options import DATA
from services.cli.reconcile import say_all_again
from services.cli.run import RESTORED, finish_restore, owned_folder
from services.console.wiring import NAME as CONSOLE
from services.identity.wiring import KEY_FILE as IDENTITY_KEY_FILE
from services.identity.wiring import NAME as IDENTITY
from services.notifications.deliveries.seals import KEY_FILE as NOTIFICATIONS_KEY_FILE
from services.registry.store.erasures import FILE as ERASURES_FILE
from services.registry.store.vault import KEY_FILE, Vault

MANIFEST = "backup.json"
LOCK_TIMEOUT_SECONDS = 30
PAGES_AT_ONCE = 4096
EVERYTHING = timedelta(days=366)
"""The outboxes keep no message for as long as that."""
_FILES = tuple(f"{name}.sqlite3" for name in TABLES)
_CONSOLE_FILE = f"{CONSOLE}.sqlite3"
_BESIDE = (f"{IDENTITY}.sqlite3", _CONSOLE_FILE)
"""Those that exchange nothing with the others; and are not there before they were started once."""
_KEYS = (KEY_FILE, IDENTITY_KEY_FILE, NOTIFICATIONS_KEY_FILE)

FOLDER = click.argument("folder", type=click.Path(file_okay=False, path_type=Path))


@click.command()
@FOLDER
@DATA
@click.option("--with-key", is_flag=True, help="Put the registry's key beside it: whoever has both can read names.")
def backup(folder: Path, data: Path, *, with_key: bool) -> None:
    """Copy everything of the embedded mode, as it was at one moment.

    From the folder of `make run`, which may go on running, to FOLDER, which must not exist yet. All databases are
    copied as they were at one moment, so no bed is free in one and taken in another. The key, without which nobody can
    read who somebody is, is not among them unless you say so: keep it elsewhere. For PostgreSQL use its own tools, and
    afterwards `doorstroom reconcile`.
    """
    _ensure_databases(data)
    if folder.exists():
        raise CannotRun(f"{folder} is there already; give a folder that is not")
    with _finished_or_gone(folder) as part:
        # Before the databases: what is done and not noted yet is found done, but not what is noted and not done.
        if (data / STATE_FILE).exists():
            shutil.copyfile(data / STATE_FILE, part / STATE_FILE)
        _copy_at_one_moment(data, part)
        has_key = (data / KEY_FILE).exists()
        for name in _KEYS if with_key else ():
            if (data / name).exists():
                shutil.copyfile(data / name, part / name)
        manifest = {"madeAt": system_clock().isoformat(), "needsKey": has_key, "sha256": _digests(part)}
        (part / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
    click.echo(f"{folder}: {', '.join(_FILES)}")
    if has_key and not with_key:
        click.echo(f"Keep {data / KEY_FILE} elsewhere: who somebody is cannot be read without it.")
    if has_key:
        click.echo(f"Keep {data / ERASURES_FILE} elsewhere as it is by then: it says who was erased since.")


@click.command()
@FOLDER
@DATA
@click.option("--nothing-erased", is_flag=True, help="There is no registry.erased, for nobody was ever erased.")
def restore(folder: Path, data: Path, *, nothing_erased: bool) -> None:
    """Put such a copy back.

    From FOLDER into the folder of `make run`, which must have no databases; then start as always. What was under way
    when it was made is said again at the next start, and whoever heard it before does nothing. What happened since is
    not in it: deadlines that have passed meanwhile count as not answered. Who was erased since is erased again: put
    registry.erased, as it was at last, into the folder first.
    """
    made_at, needs_key, digests = _manifest(folder)
    with owned_folder(data):
        _ensure_restorable(folder, data, digests, needs_key=needs_key)
        if needs_key and not nothing_erased and not (data / ERASURES_FILE).exists():
            raise CannotRun(f"who was erased would be back without {ERASURES_FILE}: put it into {data} first")
        with _finished_or_gone(data / RESTORED) as part:
            for name in digests:
                shutil.copyfile(folder / name, part / name)
            urls = {name: database_url(part, name) for name in TABLES}
            for name, count in asyncio.run(say_all_again(urls, EVERYTHING)).items():
                click.echo(f"{name}: as it was at {made_at}; {count} message(s) will be said again")
            if (data / ERASURES_FILE).exists():
                count = asyncio.run(_erase_again(urls["registry"], data))
                click.echo(f"registry: {count} case(s) that were erased since are erased again")
            for name in _KEYS:
                if (folder / name).exists() and not (data / name).exists():
                    shutil.copyfile(folder / name, part / name)
        finish_restore(data)


async def _erase_again(url: str, data: Path) -> int:
    """Nothing of it is opened, so it needs no key."""
    async with opened(url, "registry") as transactions:
        return await transactions.run(Vault(data / KEY_FILE, make=False).erase_again)


def _ensure_restorable(folder: Path, data: Path, digests: Mapping[str, str], *, needs_key: bool) -> None:
    if not digests.keys() >= set(_FILES):
        raise CannotRun(f"{folder} is no backup: {MANIFEST} does not name every database")
    if (data / RESTORED).exists():
        raise CannotRun(f"a restore into {data} was interrupted; to start as always finishes it")
    there = [name for name in (*_FILES, *_BESIDE, STATE_FILE) if (data / name).exists()]
    if there:
        raise CannotRun(f"{data} has {', '.join(there)} already; move that away, or give another --data")
    if needs_key and not (data / KEY_FILE).exists() and not (folder / KEY_FILE).exists():
        raise CannotRun(f"who somebody is cannot be read without {KEY_FILE}: put it into {data} first")
    if _digests(folder) != digests:
        raise Failed(f"a file in {folder} is not what it was when the backup was made; nothing was restored")


def _ensure_databases(data: Path) -> None:
    missing = [name for name in _FILES if not (data / name).exists()]
    if missing:
        raise CannotRun(f"there is no {missing[0]} in {data}; give the folder of `make run` with --data")


@contextmanager
def _finished_or_gone(folder: Path) -> Iterator[Path]:
    """A folder that gets its name when all is in it, and on the disk; else nothing is left of it."""
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    before = os.umask(0o077)
    try:
        yield part
        for path in (*part.iterdir(), part):
            _write_through(path)
        part.rename(folder)
    finally:
        os.umask(before)
        shutil.rmtree(part, ignore_errors=True)


def _copy_at_one_moment(data: Path, target: Path) -> None:
    """Nobody writes to any of them for as long as it takes to begin to read all of them; then the copies are made."""
    names = [*_FILES, *(name for name in _BESIDE if (data / name).exists())]
    with ExitStack() as readers:
        with ExitStack() as writers:
            for name in names:
                writers.enter_context(closing(_held(data / name)))
            sources = {name: readers.enter_context(closing(_reading(data / name))) for name in names}
        for name, source in sources.items():
            with closing(sqlite3.connect(target / name)) as copy:
                source.backup(copy, pages=PAGES_AT_ONCE)
                if name == _CONSOLE_FILE:
                    _sign_out(copy)
                if copy.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                    raise Failed(f"{data / name} is damaged; restore the backup before this one")


def _sign_out(console: sqlite3.Connection) -> None:
    """Whoever signs out is out: a session does not come back with a backup, but who signed in stays on record."""
    with console:
        console.execute("DELETE FROM sessions")


def _held(path: Path) -> sqlite3.Connection:
    try:
        return _begun(path, "BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        raise Failed(f"{path} cannot be held for a moment; nothing was copied, so try again") from error


def _reading(path: Path) -> sqlite3.Connection:
    """What is committed now, whatever is committed later: a read begins with its first statement."""
    connection = _begun(path, "BEGIN")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return connection


def _begun(path: Path, begin: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=LOCK_TIMEOUT_SECONDS, isolation_level=None)
    try:
        connection.execute(begin)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _manifest(folder: Path) -> tuple[datetime, bool, dict[str, str]]:
    try:
        found = json.loads((folder / MANIFEST).read_text())
        digests = {name: found["sha256"][name] for name in (*_FILES, *_BESIDE, STATE_FILE) if name in found["sha256"]}
        return datetime.fromisoformat(found["madeAt"]), bool(found["needsKey"]), digests
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CannotRun(f"{folder} is no backup: {MANIFEST} is not there, or cannot be read") from error


def _digests(folder: Path) -> dict[str, str]:
    """What is in each file. A file that is not there has none."""
    digests = {}
    for name in (*_FILES, *_BESIDE, STATE_FILE):
        if (folder / name).exists():
            with (folder / name).open("rb") as file:
                digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


def _write_through(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
