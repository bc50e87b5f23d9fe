"""A backup of a running PostgreSQL is put back beside an empty broker: all goes on, and nothing is given twice."""

import asyncio
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from services.cli.servers.support import unprivileged_user
from services.registry.store.vault import KEY_FILE
from tests.faults.installation import Installation, installed
from tests.faults.users import Users
from tests.faults.verdict import comes_to_rest, every_decision_can_be_made_again

pytestmark = pytest.mark.server

SCRIPT = Path(__file__).parents[2] / "deploy/backup-postgresql"
WORK_SECONDS = 4.0


@pytest.mark.timeout(300)
async def test_a_backup_of_postgresql_is_put_back_beside_an_empty_broker(data: Path, tmp_path: Path) -> None:
    """It is one moment of all services, although they were at work; what was under way then is said again by itself."""
    chance = random.Random(20260301)
    kept, before, after = tmp_path / "kept", data / "before", data / "after"
    before.mkdir(mode=0o711)
    async with installed(before, chance) as installation:
        users = Users(installation.cast, chance)
        await users.begin()
        async with users.at_work():
            await asyncio.sleep(WORK_SECONDS)
            done = await asyncio.to_thread(back_up, installation, kept)
            assert done.returncode == 0, done.stderr
            assert (await asyncio.to_thread(back_up, installation, kept)).returncode == 2, "it is there already"
            given = await every_decision_can_be_made_again(installation)
            await asyncio.sleep(WORK_SECONDS / 2)
    put_back(kept, before, after)
    async with installed(after, chance) as installation:
        await installation.ready()
        await comes_to_rest(installation)
        restored = await every_decision_can_be_made_again(installation)
        users = Users(installation.cast, chance)
        async with users.at_work():
            await asyncio.sleep(WORK_SECONDS)
        await comes_to_rest(installation)
        assert 0 < restored <= given
        assert await every_decision_can_be_made_again(installation) > restored


def back_up(installation: Installation, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run the script as an operator would."""
    server = installation.postgresql
    place = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "postgres", "PGPASSWORD": server.password}
    return subprocess.run(
        [SCRIPT, folder], env={**os.environ, **place}, capture_output=True, text=True, timeout=120, check=False
    )


def put_back(kept: Path, before: Path, after: Path) -> None:
    """As the runbook says: the server's folder, and the key that was kept elsewhere."""
    server = after / "postgresql"
    server.mkdir(mode=0o711, parents=True)
    after.chmod(0o711)
    shutil.copytree(kept, server / "data")
    shutil.copy2(before / "postgresql/password", server / "password")
    shutil.copy2(before / KEY_FILE, after / KEY_FILE)
    user = unprivileged_user()
    if user is not None:
        for path in (server / "password", server / "data", *(server / "data").rglob("*")):
            shutil.chown(path, user, user)
