"""`doorstroom run`: everything on this machine, in one process."""

import asyncio
import fcntl
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import click

from doorstroom_client import Endpoints
from services.chassis.clock import system_clock
from services.chassis.identity import DevelopmentIssuer
from services.cli.cast import Cast
from services.cli.embedded import Embedded, build_embedded
from services.cli.errors import CannotRun
from services.cli.first_start import FirstStart
from services.console.demo import DemoUser
from services.console.web.addresses import is_loopback

HOST = "127.0.0.1"
SQLITE_FILE = b"SQLite format 3\x00"
"""How every database file begins that is not empty (https://www.sqlite.org/fileformat.html)."""
RESTORED = "restored"
"""The folder of what is restored and whole, until it is in its place."""


async def run(
    data: Path,
    port: int,
    *,
    play: bool,
    host: str = HOST,
    users: Sequence[DemoUser] = (),
    write: Callable[[str], None] = click.echo,
) -> None:
    """Serve from the folder `data` on `host` and `port` until Ctrl-C or SIGTERM. Raises CannotRun.

    `users` are those that anybody may be in the console: on this machine, so only where nobody else gets to.
    """
    if users and not is_loopback(host):
        raise CannotRun(f"whoever reaches this machine could be any demo user: leave out --demo-users, or use {HOST}")
    check_port(port, host)
    with owned_folder(data):
        finish_restore(data)
        check_databases(data)
        embedded = build_embedded(data, users, access_log=False)
        try:
            await embedded.process.start(host, port)
            await _serve(embedded, data, play=play, users=bool(users), write=write)
        finally:
            await embedded.process.stop(0)
    write("Stopped; everything is stored.")


async def _serve(embedded: Embedded, data: Path, *, play: bool, users: bool, write: Callable[[str], None]) -> None:
    root = embedded.process.root
    write(f"doorstroom serves on {root} from {data}/ (Ctrl-C stops it)")
    write(f"Open {root}/ in a browser, and choose who you are.\n" if users else "")
    await play_until_stopped(embedded.issuer, Endpoints.at(root), data, play=play, write=write)


async def play_until_stopped(
    issuer: DevelopmentIssuer, endpoints: Endpoints, data: Path, *, play: bool, write: Callable[[str], None]
) -> None:
    """Let the first start happen, if wanted, and serve until Ctrl-C or SIGTERM. Raises what the demo raises."""
    stopping = stop_signal()
    if play:
        playing = asyncio.ensure_future(_play(issuer, endpoints, data, write))
        await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if playing.done():
            playing.result()
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
    await stopping
    write("\nStopping: finishing what is under way …")


async def _play(issuer: DevelopmentIssuer, endpoints: Endpoints, data: Path, write: Callable[[str], None]) -> None:
    async with aiohttp.ClientSession() as session:
        first_start = FirstStart(data, Cast(issuer, session, endpoints), system_clock(), write)
        await first_start.happen()
        await first_start.show_commands()


def stop_signal() -> "asyncio.Future[None]":
    """Done at the first SIGINT or SIGTERM."""
    loop = asyncio.get_running_loop()
    stopping: asyncio.Future[None] = loop.create_future()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _resolve, stopping)
    return stopping


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def check_port(port: int, host: str = HOST) -> None:
    """Raises CannotRun when something else listens on this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            message = f"port {port} is taken; choose another one, for example: make run PORT={port + 1}"
            raise CannotRun(message) from None


def check_databases(data: Path) -> None:
    """Raises CannotRun when a file that is in the place of a database is none."""
    for file in sorted(data.glob("*.sqlite3")):
        with file.open("rb") as opened:
            beginning = opened.read(len(SQLITE_FILE))
        if beginning not in (b"", SQLITE_FILE):
            message = f"{file} is not an SQLite database; move it away, or choose another folder: make run DATA=folder"
            raise CannotRun(message)


def finish_restore(data: Path) -> None:
    """Move what was restored to where it is used; also when whoever restored it was interrupted in the middle."""
    restored = data / RESTORED
    if restored.exists():
        for path in sorted(restored.iterdir()):
            path.replace(data / path.name)
        restored.rmdir()


@contextmanager
def owned_folder(data: Path) -> Iterator[None]:
    """Make the folder, and keep every other process out of it. Raises CannotRun."""
    try:
        data.mkdir(mode=0o711, parents=True, exist_ok=True)
        lock = os.open(data / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        message = (
            f"the folder {data} cannot be made or written ({error.strerror}); choose another: make run DATA=folder"
        )
        raise CannotRun(message) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        message = f"another doorstroom runs in the folder {data}; stop it, or choose another folder with DATA=folder"
        raise CannotRun(message) from None
    try:
        yield
    finally:
        os.close(lock)
