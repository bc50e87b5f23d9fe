"""A private PostgreSQL."""

import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

from services.cli.servers.leftovers import Leftovers
from services.cli.servers.roles import APPLICATION, OWNER
from services.cli.servers.support import (
    LOOPBACK,
    ServerFailed,
    ServerMissing,
    answers,
    end,
    free_port,
    give_to,
    launch,
    unprivileged_user,
    wait_until,
)

MISSING = "PostgreSQL is not installed; on Debian or Ubuntu: apt-get install postgresql"
POSTMASTER_FILE = "postmaster.pid"
POSTMASTER_PORT_LINE = 3
POSTMASTER_STATUS_LINE = 7
"""Of `postmaster.pid`, counted from 0 (PostgreSQL documentation, section 73.1)."""

NEWEST_KNOWN_FIRST = [str(number) for number in range(25, 13, -1)]


class PrivatePostgreSQL:
    """A PostgreSQL cluster in `folder`, reachable on loopback with a password of its own.

    `durable`: what is committed survives the machine; without it, only the death of processes.
    """

    def __init__(self, folder: Path, *, max_connections: int = 200, durable: bool = True) -> None:
        self._folder = folder.resolve()
        self._programs = _programs()
        self._user = unprivileged_user()
        self._max_connections = max_connections
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @classmethod
    def running_in(cls, folder: Path) -> "PrivatePostgreSQL | None":
        """The cluster in `folder` that another process has started, if it answers."""
        noted = folder / "data" / POSTMASTER_FILE
        if not noted.exists():
            return None
        found = cls(folder)
        found.port = int(noted.read_text().splitlines()[POSTMASTER_PORT_LINE])
        return found if answers(found.port) else None

    @property
    def password(self) -> str:
        """The superuser's password, made with the cluster."""
        return (self._folder / "password").read_text().strip()

    @property
    def url(self) -> str:
        """The address of the maintenance database, for its superuser."""
        return self._url("postgres", "postgres")

    def database_url(self, name: str) -> str:
        """The address of a database for a service, for SQLAlchemy with asyncpg."""
        return self._url(APPLICATION, name)

    def owner_url(self, name: str) -> str:
        """The same for who owns its tables."""
        return self._url(OWNER, name)

    def _url(self, user: str, name: str) -> str:
        # One password for all: whoever may read the file may do everything here anyway.
        return f"postgresql+asyncpg://{user}:{self.password}@{LOOPBACK}:{self.port}/{name}"

    def start(self) -> None:
        """Make the cluster if it is not there, and start it. Raises ServerFailed."""
        data = self._folder / "data"
        self._folder.mkdir(parents=True, exist_ok=True)
        leftovers = Leftovers(self._folder)
        leftovers.end(signal.SIGINT)
        give_to(self._folder, self._user)
        if not (data / "PG_VERSION").exists():
            self._initialise(data)
        log = self._folder / "postgresql.log"
        options = {
            "listen_addresses": LOOPBACK,
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": self._max_connections,
            "fsync": "on" if self._durable else "off",
            "synchronous_commit": "on",
            "shared_buffers": "256MB",
        }
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._programs / "postgres"), "-D", str(data), *arguments]
        self._process = launch(command, log, self._user, {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"})
        leftovers.note(self._process.pid)
        wait_until(lambda: answers(self.port) and _is_ready(data / POSTMASTER_FILE), self._process, log)

    def stop(self) -> None:
        """Stop it cleanly."""
        end(self._process, signal.SIGINT)

    def kill(self) -> None:
        """End it at once, like a power cut (SIGQUIT: no checkpoint, and recovery at the next start)."""
        end(self._process, signal.SIGQUIT)

    def _initialise(self, data: Path) -> None:
        password = self._folder / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        give_to(password, self._user)
        command = [
            str(self._programs / "initdb"),
            f"--pgdata={data}",
            "--username=postgres",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]
        log = self._folder / "initdb.log"
        made = launch(command, log, self._user, {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"})
        if made.wait(120) != 0:
            message = f"initdb failed; its log is {log}"
            raise ServerFailed(message)


def _is_ready(noted: Path) -> bool:
    """Whether it takes connections; it listens a little before that, and refuses."""
    lines = noted.read_text().splitlines() if noted.exists() else []
    return len(lines) > POSTMASTER_STATUS_LINE and lines[POSTMASTER_STATUS_LINE].strip() == "ready"


def _programs() -> Path:
    """The folder with the server's programs. Raises ServerMissing."""
    for version in NEWEST_KNOWN_FIRST:
        folder = Path("/usr/lib/postgresql") / version / "bin"
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    if found is None:
        raise ServerMissing(MISSING)
    return Path(found).resolve().parent
