"""A backup of a running PostgreSQL is put back beside an empty broker: all goes on, and nothing is given twice."""

import asyncio
import random
import shutil
from pathlib import Path

import pytest

from services.registry.store.erasures import FILE as ERASURES_FILE
from services.registry.store.vault import KEY_FILE
from tests.faults.installation import installed
from tests.faults.users import Users
from tests.faults.verdict import comes_to_rest, every_decision_can_be_made_again
from tests.support.backups import back_up, put_back

pytestmark = pytest.mark.server

WORK_SECONDS = 4.0


@pytest.mark.timeout(300)
async def test_a_backup_of_postgresql_is_put_back_beside_an_empty_broker(data: Path, tmp_path: Path) -> None:
    """It is one moment of all services, although they were at work; what was under way then is said again by itself."""
    chance = random.Random(20260301)
    kept, before, after = tmp_path / "kept", data / "before", data / "after"
    before.mkdir(mode=0o711)
    async with installed(before, chance) as installation:
        users = Users(installation, chance)
        await users.begin()
        async with users.at_work():
            await asyncio.sleep(WORK_SECONDS)
            done = await asyncio.to_thread(back_up, installation.postgresql, kept)
            assert done.returncode == 0, done.stderr
            assert (await asyncio.to_thread(back_up, installation.postgresql, kept)).returncode == 2, (
                "it is there already"
            )
            given = await every_decision_can_be_made_again(installation)
            await asyncio.sleep(WORK_SECONDS / 2)
    put_all_back(kept, before, after)
    async with installed(after, chance) as installation:
        await installation.ready()
        await comes_to_rest(installation)
        restored = await every_decision_can_be_made_again(installation)
        users = Users(installation, chance)
        async with users.at_work():
            await asyncio.sleep(WORK_SECONDS)
        await comes_to_rest(installation)
        assert 0 < restored <= given
        assert await every_decision_can_be_made_again(installation) > restored


def put_all_back(kept: Path, before: Path, after: Path) -> None:
    """The server's folder, and what was kept elsewhere."""
    put_back(kept, before / "postgresql", after / "postgresql")
    after.chmod(0o711)
    for name in (KEY_FILE, ERASURES_FILE):
        shutil.copy2(before / name, after / name)
