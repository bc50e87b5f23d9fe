"""Who was erased stays erased, although an older database is put back that still has their key."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from pydantic import SecretStr
from sqlalchemy import insert, select

from services.chassis.broker.memory import InProcessBroker
from services.chassis.encryption import make_key_file
from services.chassis.errors import NotFound, Unavailable
from services.chassis.service import Service
from services.chassis.settings import Mode
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.wiring import Surroundings, topology
from services.cli.__main__ import cli
from services.cli.embedded import database_url
from services.cli.servers import PrivatePostgreSQL
from services.cli.servers.roles import make_databases
from services.cli.simulation.acts import COORDINATOR, HOUSEHOLD
from services.registry.handlers import personal, registration
from services.registry.store.erasures import FILE as ERASURES_FILE
from services.registry.store.erasures import Erasures
from services.registry.store.keyring import SETTING
from services.registry.store.vault import KEY_FILE, Vault
from services.registry.tables import case_keys
from services.registry.wiring import REGISTRY
from tests.support.backups import back_up, put_back
from tests.support.templates import sqlite_copy

TOLD: personal.Document = {"name": "Somebody"}


@dataclass(frozen=True)
class Registry:
    """The registry on a database, with the files of a folder."""

    service: Service
    vault: Vault

    async def register(self) -> UUID:
        made: UUID = await self.service.transactions.run(
            lambda unit: registration.register_case(unit, COORDINATOR, HOUSEHOLD, ())
        )
        await self.tell(made)
        return made

    async def tell(self, case_id: UUID) -> None:
        async def work(unit: UnitOfWork) -> None:
            await personal.replace_personal_data(self.vault, unit, case_id, COORDINATOR, TOLD)

        await self.service.transactions.run(work)

    async def readable(self, case_ids: Sequence[UUID]) -> list[bool]:
        return [await self._is_readable(case_id) for case_id in case_ids]

    async def _is_readable(self, case_id: UUID) -> bool:
        try:
            found = await self.service.transactions.run(
                lambda unit: personal.personal_data_of(self.vault, unit, case_id, COORDINATOR)
            )
        except NotFound:
            return False
        assert found == TOLD
        return True

    async def has_key(self, case_id: UUID) -> bool:
        query = select(case_keys).where(case_keys.c.case_id == case_id)
        return bool(await self.service.transactions.run(lambda unit: unit.execute(query)))


@asynccontextmanager
async def started(url: str, folder: Path, owner_url: str | None = None) -> AsyncIterator[Registry]:
    """As a process starts it, up to where it would serve."""
    make_key_file(folder / KEY_FILE, SETTING)
    settings = REGISTRY.settings(
        mode=Mode.DISTRIBUTED,
        database_url=SecretStr(url),
        database_owner_url=None if owner_url is None else SecretStr(owner_url),
        registry_key_file=folder / KEY_FILE,
    )
    service = REGISTRY.build(settings, Surroundings(InProcessBroker(topology("test", []))))
    try:
        await service.migrate()
        yield Registry(service, Vault(folder / KEY_FILE, make=False))
    finally:
        await service.transactions.database.close()


async def command(*arguments: object, **environment: str) -> str:
    """In a thread, for it has an event loop of its own."""
    words = list(map(str, arguments))
    done = await asyncio.to_thread(CliRunner().invoke, cli, words, env=environment, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


async def test_a_restored_backup_of_the_embedded_mode_has_nobody_who_was_erased_since(
    tmp_path: Path, sqlite_template: Path
) -> None:
    """Before it is started; by the file that was kept elsewhere. What was told afterwards is no business of it."""
    data, kept, new = tmp_path / "data", tmp_path / "kept", tmp_path / "new"
    sqlite_copy(sqlite_template, data)
    async with started(database_url(data, "registry"), data) as registry:
        erased, untouched, told_again = cases = [await registry.register() for _ in range(3)]
        await command("cases", "erase", told_again, "--data", data, "--yes")
        await registry.tell(told_again)
        await command("backup", kept, "--data", data)
        await command("cases", "erase", erased, "--data", data, "--yes")
        assert await registry.readable(cases) == [False, True, True]
    new.mkdir()
    for name in (KEY_FILE, ERASURES_FILE):
        shutil.copy2(data / name, new / name)
    assert "1 case(s) that were erased since" in await command("restore", kept, "--data", new)
    async with started(database_url(new, "registry"), new) as registry:
        assert await registry.readable(cases) == [False, True, True]
        assert not await registry.has_key(erased)
    assert untouched in cases


async def test_an_older_database_file_has_nobody_who_was_erased_since(tmp_path: Path, sqlite_template: Path) -> None:
    """Also when it was put back by hand: at its start the registry looks, before it serves anybody."""
    data = tmp_path / "data"
    sqlite_copy(sqlite_template, data)
    async with started(database_url(data, "registry"), data) as registry:
        cases = [await registry.register() for _ in range(2)]
    shutil.copytree(data, tmp_path / "kept")
    async with started(database_url(data, "registry"), data) as registry:
        await registry.service.transactions.run(
            lambda unit: personal.erase(registry.vault, unit, cases[0], COORDINATOR)
        )
    for file in (tmp_path / "kept").glob("registry.sqlite3*"):
        shutil.copy2(file, data / file.name)
    async with started(database_url(data, "registry"), data) as registry:
        assert await registry.readable(cases) == [False, True]
        assert not await registry.has_key(cases[0])


@pytest.mark.timeout(120)
async def test_a_restored_backup_of_postgresql_has_nobody_who_was_erased_since(
    private_postgres: PrivatePostgreSQL, servers_folder: Path, tmp_path: Path
) -> None:
    """A base backup of the whole server, which has the keys of the cases as they were."""
    await make_databases(private_postgres.url, ["registry"])
    async with started(private_postgres.database_url("registry"), tmp_path, private_postgres.owner_url("registry")) as (
        registry
    ):
        erased, kept = cases = [await registry.register() for _ in range(2)]
        done = await asyncio.to_thread(back_up, private_postgres, tmp_path / "kept")
        assert done.returncode == 0, done.stderr
        settings = {"DOORSTROOM_DATABASE_URL": private_postgres.database_url("registry")}
        settings["DOORSTROOM_REGISTRY_KEY_FILE"] = str(tmp_path / KEY_FILE)
        await command("cases", "erase", erased, "--yes", **settings)
        assert await registry.readable(cases) == [False, True]
    private_postgres.stop()
    folder = servers_folder / f"restored-{os.urandom(4).hex()}"
    put_back(tmp_path / "kept", private_postgres._folder, folder)
    server = PrivatePostgreSQL(folder)
    server.start()
    try:
        async with started(server.database_url("registry"), tmp_path, server.owner_url("registry")) as registry:
            assert await registry.readable(cases) == [False, True]
            assert not await registry.has_key(erased)
            assert await registry.has_key(kept)
    finally:
        server.stop()


async def test_nothing_is_erased_when_it_cannot_be_noted(tmp_path: Path, sqlite_template: Path) -> None:
    """Whoever asked for it is told, and may ask again; the registry does not even start without such a file."""
    sqlite_copy(sqlite_template, tmp_path)
    async with started(database_url(tmp_path, "registry"), tmp_path) as registry:
        case_id = await registry.register()
        registry.vault.erasures = Erasures(tmp_path / "nowhere" / "registry.erased")
        with pytest.raises(Unavailable, match="DOORSTROOM_REGISTRY_ERASURES_FILE"):
            await registry.service.transactions.run(
                lambda unit: personal.erase(registry.vault, unit, case_id, COORDINATOR)
            )
        assert await registry.readable([case_id]) == [True]
    (tmp_path / ERASURES_FILE).unlink()
    (tmp_path / ERASURES_FILE).mkdir()
    with pytest.raises(Unavailable):
        async with started(database_url(tmp_path, "registry"), tmp_path):
            pass


async def test_a_torn_line_hides_no_other(tmp_path: Path, sqlite_template: Path) -> None:
    """A power cut while a line was written; and very many lines before it."""
    sqlite_copy(sqlite_template, tmp_path)
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    case_ids = [uuid4() for _ in range(1203)]

    async def keys(unit: UnitOfWork) -> None:
        for case_id in case_ids:
            await unit.execute(insert(case_keys).values(case_id=case_id, wrapped_key=b"x", made_at=moment))

    async with started(database_url(tmp_path, "registry"), tmp_path) as registry:
        await registry.service.transactions.run(keys)
        lines = "".join(f"{case_id} {moment.isoformat()}\n" for case_id in case_ids[:-1])
        (tmp_path / ERASURES_FILE).write_text(f"{lines}{str(case_ids[-1])[:20]}")
        count = await registry.service.transactions.run(registry.vault.erase_again)
        assert count == len(case_ids) - 1
        registry.vault.erasures.note(case_ids[-1], moment)
        assert await registry.service.transactions.run(registry.vault.erase_again) == 1
