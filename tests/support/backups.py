"""PostgreSQL backed up and put back as the runbook says."""

import os
import shutil
import subprocess
from pathlib import Path

from services.cli.servers import PrivatePostgreSQL
from services.cli.servers.support import unprivileged_user

SCRIPT = Path(__file__).parents[2] / "deploy/backup-postgresql"


def back_up(server: PrivatePostgreSQL, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run the script as an operator would."""
    place = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "postgres", "PGPASSWORD": server.password}
    return subprocess.run(
        [SCRIPT, folder], env={**os.environ, **place}, capture_output=True, text=True, timeout=120, check=False
    )


def put_back(kept: Path, before: Path, server: Path) -> None:
    """Into the folder of a server that was never started; with the password of the one before."""
    server.mkdir(mode=0o711, parents=True)
    shutil.copytree(kept, server / "data")
    shutil.copy2(before / "password", server / "password")
    user = unprivileged_user()
    if user is not None:
        for path in (server / "password", server / "data", *(server / "data").rglob("*")):
            shutil.chown(path, user, user)
