"""`doorstroom keys`: turn over what encrypts the keys in the databases, while the services run."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import click

from services.chassis import key_file
from services.chassis.audit import Action, Result, write
from services.chassis.encryption import UnusableKey, new_line
from services.chassis.errors import Unavailable
from services.chassis.secret_file import new_secret
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.cli.databases import AUDITED, find_database, opened
from services.cli.errors import CannotRun, Failed
from services.cli.options import DATA
from services.console import store as sessions
from services.console.wiring import KEY_FILE as CONSOLE_KEY_FILE
from services.console.wiring import NAME as CONSOLE
from services.identity.handlers.signing import encrypt_again
from services.identity.wiring import KEY_FILE as IDENTITY_KEY_FILE
from services.identity.wiring import NAME as IDENTITY
from services.notifications.deliveries import seals
from services.notifications.deliveries.turning import seal_again
from services.notifications.wiring import NOTIFICATIONS
from services.registry.store import rotation
from services.registry.store.keyring import Keyring
from services.registry.store.vault import KEY_FILE, NOBODY
from services.registry.wiring import REGISTRY

SETTLE_SECONDS = 3.0
"""Longer than a service takes to store what it encrypted with the key that it read before."""


@click.group()
def keys() -> None:
    """Keys: turn over what encrypts the keys, secrets and sessions in the databases, while everything runs.

    --data names the folder that `make run` or `make run-distributed` works in. In any other installation
    DOORSTROOM_<SERVICE>_DATABASE_URL names the database, and DOORSTROOM_<SERVICE>_KEY_FILE the file with the key.
    """


@keys.command("rotate")
@click.argument("service", type=click.Choice([REGISTRY.name, NOTIFICATIONS.name, IDENTITY, CONSOLE]))
@DATA
@click.option("--prepare", is_flag=True, help="Only put the new key into the file, to give it to all machines.")
@click.option("--sign-out", is_flag=True, help="Of the console: end the sessions that the old key opens, now.")
def rotate_command(service: str, data: Path, *, prepare: bool, sign_out: bool) -> None:
    """Make a new key for SERVICE, encrypt anew what the old one encrypted, and forget the old one.

    Services go on meanwhile: they read the file again when it changes. Where several machines have the file:
    --prepare, copy the file to all of them, run it without --prepare, and copy it once more. If it is interrupted, run
    it again: it goes on with the key that it made. Exit code 1 when something cannot be opened with the keys in the
    file: then the old key is kept.

    Sessions of the console can be encrypted anew by nobody but the browsers that they are of. So its old key stays
    until those of before have ended, which it tells; run it again then, or use --sign-out.
    """
    if sign_out and service != CONSOLE:
        raise click.UsageError("--sign-out is for the console: the others have no sessions")
    url, file = find_database(service, data), _key_file(service, data)
    is_line = service in (REGISTRY.name, NOTIFICATIONS.name)
    try:
        is_new = key_file.begin_turning(file, new_line() if is_line else new_secret())
        click.echo("A new key is in the file." if is_new else "A new key was in the file: going on with it.")
        if not prepare:
            click.echo(_turn_console(url, file, sign_out=sign_out) if service == CONSOLE else _turn(service, url, file))
    except (UnusableKey, Unavailable) as error:
        raise Failed(f"{error.detail} Nothing was forgotten.") from error
    except OSError as error:
        raise Failed(f"{file} cannot be written ({error.strerror}). Run it again when it can.") from error


def _key_file(service: str, data: Path) -> Path:
    """Where the key is. Raises CannotRun."""
    names = {
        REGISTRY.name: KEY_FILE,
        NOTIFICATIONS.name: seals.KEY_FILE,
        IDENTITY: IDENTITY_KEY_FILE,
        CONSOLE: CONSOLE_KEY_FILE,
    }
    setting = f"DOORSTROOM_{service.upper()}_KEY_FILE"
    file = Path(os.environ.get(setting) or data / names[service])
    if not file.exists():
        raise CannotRun(f"there is no {file}; give --data, or set {setting}")
    # Links point to where the file is kept, and stay.
    return file.resolve()


def _turn(service: str, url: str, file: Path) -> str:
    """Encrypt everything anew, and forget the old key; gives what was done."""
    count = asyncio.run(_encrypt_anew(service, url, file))
    key_file.end_turning(file)
    return f"{count} key(s) were encrypted anew. The old key is gone from the file, and opens nothing."


def _turn_console(url: str, file: Path, *, sign_out: bool) -> str:
    """Forget the old key if no session needs it any more; gives what was done."""
    # Whoever was beginning one may have read the file before it changed.
    began_by = datetime.fromtimestamp(file.stat().st_mtime, UTC) + timedelta(seconds=SETTLE_SECONDS)
    left = asyncio.run(_sessions_left(url, began_by, end=sign_out))
    if left.count:
        moment = f"{left.end_at:%Y-%m-%dT%H:%MZ}"
        return f"{left.count} session(s) need the old key, until {moment} at most: run it again then."
    key_file.end_turning(file)
    return "No session needs the old key: it is gone from the file, and opens nothing."


async def _sessions_left(url: str, began_by: datetime, *, end: bool) -> sessions.Left:
    async with opened(url, CONSOLE) as transactions:
        await transactions.run(partial(_note, CONSOLE))
        if end:
            await transactions.run(partial(sessions.end_sessions_begun_by, began_by))
        return await transactions.read(partial(sessions.sessions_begun_by, began_by))


async def _encrypt_anew(service: str, url: str, file: Path) -> int:
    turns = {REGISTRY.name: _wrap_all, NOTIFICATIONS.name: _seal_all, IDENTITY: _encrypt_all}
    async with opened(url, service) as transactions:
        return await turns[service](file, transactions)


async def _wrap_all(file: Path, transactions: Transactions) -> int:
    """The keys of cases, portion by portion; how many had to be encrypted."""
    ring = Keyring(file, make=False)
    await transactions.run(partial(_use_newest, ring))
    after, count = NOBODY, 0
    while True:
        last, changed = await transactions.run(partial(rotation.wrap_again, ring, after))
        count += changed
        if last is None:
            return count
        after = last


async def _use_newest(ring: Keyring, unit: UnitOfWork) -> None:
    await rotation.use_newest(ring, unit)
    await _note(REGISTRY.name, unit)


async def _seal_all(file: Path, transactions: Transactions) -> int:
    """Addresses and secrets of subscriptions, portion by portion; how many had to be encrypted."""
    await transactions.run(partial(_note, NOTIFICATIONS.name))
    ring = seals.Seals(file, make=False)
    count = await _seal_once(ring, transactions)
    # Whoever was storing one may have read the file before it changed: theirs is found the second time.
    await asyncio.sleep(SETTLE_SECONDS)
    return count + await _seal_once(ring, transactions)


async def _seal_once(ring: seals.Seals, transactions: Transactions) -> int:
    after, count = NOBODY, 0
    while True:
        last, changed = await transactions.run(partial(seal_again, ring, after))
        count += changed
        if last is None:
            return count
        after = last


async def _encrypt_all(file: Path, transactions: Transactions) -> int:
    """Our signing keys; how many had to be encrypted."""
    count = await transactions.run(partial(_encrypt, file))
    # Whoever was making a signing key may have read the file before it changed: theirs is found the second time.
    await asyncio.sleep(SETTLE_SECONDS)
    return count + await transactions.run(lambda unit: encrypt_again(key_file.read(file), unit))


async def _encrypt(file: Path, unit: UnitOfWork) -> int:
    await _note(IDENTITY, unit)
    return await encrypt_again(key_file.read(file), unit)


async def _note(service: str, unit: UnitOfWork) -> None:
    action = Action("keys rotate", Result.DONE, 0, role="operator", origin="command")
    await write(unit, AUDITED[service].audit, action)
