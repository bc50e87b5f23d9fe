"""The installation's key is turned over while everything runs: nothing is lost, and the old key opens nothing."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select

from services.chassis import key_file
from services.chassis.audit import Action, Result
from services.chassis.encryption import KEY_BYTES, UnusableKey, new_line, read_keys
from services.chassis.unit_of_work import UnitOfWork
from services.cli.__main__ import cli
from services.cli.errors import Failed
from services.cli.simulation.acts import COORDINATOR
from services.registry.handlers import personal
from services.registry.store.keyring import SETTING, Key, Keyring, seal, unseal
from services.registry.store.processing import Processing
from services.registry.tables import case_keys, installation
from tests.support.waiting import eventually
from tests.support.world import World

MANY = 1500
TOLD: personal.Document = {"name": "Somebody"}


def environment(world: World) -> dict[str, str]:
    settings = {"DOORSTROOM_DATABASE_URL": world.urls["registry"], "DOORSTROOM_REGISTRY_KEY_FILE": str(world.key_file)}
    return {**os.environ, **settings}


async def rotate(world: World, *options: str) -> str:
    """The command, in a thread, for it has an event loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        arguments = ["keys", "rotate", "registry", *options]
        running = thread.submit(CliRunner().invoke, cli, arguments, env=environment(world), catch_exceptions=False)
        result = await asyncio.wrap_future(running)
    assert result.exit_code == 0, result.output
    return result.output


async def told(world: World, case_id: UUID) -> None:
    work = world.vault
    await world.run("registry", lambda unit: personal.replace_personal_data(work, unit, case_id, COORDINATOR, TOLD))


async def shown(world: World, case_id: UUID) -> personal.Document:
    work = world.vault
    return await world.run("registry", lambda unit: personal.personal_data_of(work, unit, case_id, COORDINATOR))


async def opened_with(world: World, key: bytes) -> Sequence[UUID]:
    """The cases whose key this one opens."""
    opened = []
    for row in await world.rows("registry", select(case_keys)):
        try:
            unseal(Key.of(key).cipher, row.case_id, "key", row.wrapped_key)
        except UnusableKey:
            continue
        opened.append(row.case_id)
    return opened


async def test_everything_is_readable_and_the_old_key_opens_nothing(world: World) -> None:
    """Whoever kept the old key can read nothing with it; names in the processing log are found as before."""
    case_id = (await world.join()).case_id
    await told(world, case_id)
    processing = Processing(world.vault, "urn:x:")
    line = Action("readCase", Result.DONE, 200, {"caseId": str(case_id)})
    journal = world.services["registry"].journal
    await journal.record(line, [case_id])
    await journal.sealing.work()
    known = await world.run("registry", lambda unit: processing.of_case(unit, case_id))
    [old] = read_keys(world.key_file, SETTING)
    assert "1 key(s) were encrypted anew" in await rotate(world)
    [new] = read_keys(world.key_file, SETTING)
    assert new != old
    assert (await opened_with(world, old), await opened_with(world, new)) == ([], [case_id])
    assert await shown(world, case_id) == TOLD
    assert line.name in {found.processing_activity.rpartition(":")[2] for found in known}
    assert await world.run("registry", lambda unit: processing.of_case(unit, case_id)) == known
    [state] = await world.rows("registry", select(installation))
    with pytest.raises(UnusableKey):
        unseal(Key.of(old).cipher, UUID(int=0), "subjects", state.subjects_key)
    assert world.key_file.stat().st_mode & 0o777 == 0o600


async def test_services_go_on_while_it_is_turned_over(world: World) -> None:
    """Reading and writing at any moment; also whoever has the old file still writes nothing with it."""
    entries = [await world.join(days=days) for days in range(8, 0, -1)]
    await told(world, entries[0].case_id)

    async def work() -> None:
        for entry in entries[1:]:
            await told(world, entry.case_id)
            assert await shown(world, entries[0].case_id) == TOLD
            await asyncio.sleep(0.02)

    await asyncio.gather(work(), rotate(world))
    for entry in entries:
        assert await shown(world, entry.case_id) == TOLD
    [key] = read_keys(world.key_file, SETTING)
    assert len(await opened_with(world, key)) == len(entries)


async def test_a_machine_with_the_file_of_before_writes_nothing_that_would_be_lost(world: World) -> None:
    """It says that it lacks the key, until it has the present file; with a prepared one it goes on throughout."""
    first, second, third = [(await world.join(days=days)).case_id for days in (3, 2, 1)]
    await told(world, first)
    elsewhere = world.key_file.with_name("elsewhere.key")
    elsewhere.write_bytes(world.key_file.read_bytes())
    await rotate(world)
    here, world.vault.ring = world.vault.ring, Keyring(elsewhere, make=False)
    with pytest.raises(UnusableKey):
        await told(world, second)
    with pytest.raises(UnusableKey):
        await shown(world, first)
    await rotate(world, "--prepare")
    elsewhere.write_bytes(world.key_file.read_bytes())
    await told(world, second)
    await rotate(world)
    await told(world, third)
    world.vault.ring = here
    for case_id in (first, second, third):
        assert await shown(world, case_id) == TOLD


async def test_it_goes_on_where_it_was_killed(world: World) -> None:
    """Nothing is unreadable in between; the second time finishes with the key that the first made."""
    case_id = (await world.join()).case_id
    await told(world, case_id)
    [old] = read_keys(world.key_file, SETTING)
    await world.run("registry", lambda unit: many_keys(unit, Key.of(old)))
    command = [sys.executable, "-m", "services.cli", "keys", "rotate", "registry"]
    process = await asyncio.create_subprocess_exec(*command, env=environment(world), stdout=subprocess.DEVNULL)
    try:

        async def has_begun() -> bool:
            keys = read_keys(world.key_file, SETTING)
            return len(keys) == 2 and bool(await opened_with(world, keys[0]))

        await eventually(has_begun, seconds=60)
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    new, kept = read_keys(world.key_file, SETTING)
    assert kept == old
    left = await opened_with(world, old)
    assert 0 < len(left) < MANY + 1
    assert await shown(world, case_id) == TOLD
    assert f"{len(left)} key(s) were encrypted anew" in await rotate(world)
    assert read_keys(world.key_file, SETTING) == [new]
    assert len(await opened_with(world, new)) == MANY + 1
    assert await shown(world, case_id) == TOLD


async def many_keys(unit: UnitOfWork, key: Key) -> None:
    for _ in range(MANY):
        case_id = uuid4()
        wrapped = seal(key.cipher, case_id, "key", os.urandom(KEY_BYTES))
        await unit.execute(insert(case_keys).values(case_id=case_id, wrapped_key=wrapped, made_at=unit.now))


async def test_a_key_that_cannot_be_opened_keeps_the_old_one(world: World) -> None:
    """What was encrypted with a third key is not made unreadable for good."""
    await told(world, (await world.join()).case_id)
    stranger = Key.of(os.urandom(KEY_BYTES))
    case_id = uuid4()
    wrapped = seal(stranger.cipher, case_id, "key", os.urandom(KEY_BYTES))
    row = {"case_id": case_id, "wrapped_key": wrapped, "made_at": world.clock()}
    await world.run("registry", lambda unit: unit.execute(insert(case_keys).values(row)))
    before = read_keys(world.key_file, SETTING)
    with pytest.raises(Failed, match="Nothing was forgotten"):
        await rotate(world)
    assert read_keys(world.key_file, SETTING)[1:] == before


def test_a_file_is_replaced_wholly_and_keeps_its_permissions(tmp_path: Path) -> None:
    """Also when a try before left half a file behind."""
    file = tmp_path / "registry.key"
    key_file.make(file, new_line())
    file.chmod(0o640)
    (tmp_path / ".registry.key.part").write_text("half")
    assert key_file.begin_turning(file, new_line())
    two = read_keys(file, SETTING)
    assert not key_file.begin_turning(file, new_line())
    assert read_keys(file, SETTING) == two
    key_file.end_turning(file)
    assert read_keys(file, SETTING) == two[:1]
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["registry.key"]
