"""What both servers need: a free port, another user to run as, and an end that is certain."""

import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

START_SECONDS = 60.0
STOP_SECONDS = 20.0
LOOPBACK = "127.0.0.1"


class ServerMissing(Exception):
    """A server's program is not on this machine; the text says what to install."""


class ServerFailed(Exception):
    """A server did not start; the text says where its log is."""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def unprivileged_user() -> str | None:
    """Whom to run as when we are root, for servers that refuse to be."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def give_to(folder: Path, user: str | None) -> None:
    """Let this user own the folder, and reach it. Raises ServerFailed when a parent folder is closed to others."""
    if user is None:
        return
    entry = pwd.getpwnam(user)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    for parent in folder.resolve().parents:
        if not parent.stat().st_mode & 0o001:
            message = f"the user {user} cannot reach the data below {parent}; choose a folder that others may enter"
            raise ServerFailed(message)


def launch(
    command: list[str], log: Path, user: str | None, environment: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    """Start a server in a session of its own, so that a terminal's Ctrl-C does not reach it."""
    entry = pwd.getpwnam(user) if user else None
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - a fixed program with our own arguments
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=log.parent,
            start_new_session=True,
            user=entry.pw_uid if entry else None,
            group=entry.pw_gid if entry else None,
            extra_groups=[] if entry else None,
        )


def wait_until(ready: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait for a server to answer. Raises ServerFailed."""
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None:
            message = f"{Path(str(process.args[0])).name} ended with {process.returncode}; its log is {log}"  # type: ignore[index] # we pass a list
            raise ServerFailed(message)
        if time.monotonic() > deadline:
            message = f"the server did not answer within {START_SECONDS:.0f} seconds; its log is {log}"
            raise ServerFailed(message)
        time.sleep(0.1)


def answers(port: int) -> bool:
    """Whether somebody listens on this port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def end(process: "subprocess.Popen[bytes] | None", number: signal.Signals) -> None:
    """Signal a server and wait for its end; after a while, kill all that it started."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(number)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_SECONDS)
