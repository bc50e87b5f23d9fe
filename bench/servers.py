"""The PostgreSQL and RabbitMQ that the bench measures on."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import aiormq
import asyncpg

from bench.measure import BenchError
from services.cli.distributed import servers
from services.cli.errors import CannotRun

DATABASE_VARIABLE = "DOORSTROOM_TEST_DATABASE_URL"
BROKER_VARIABLE = "DOORSTROOM_TEST_BROKER_URL"
SECONDS = 30.0
SAFE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


@dataclass(frozen=True, slots=True)
class Servers:
    """URLs of both servers, as an administrator who may make databases."""

    database_url: str
    broker_url: str

    async def versions(self) -> dict[str, str]:
        """Return the version of each server; raises BenchError when PostgreSQL does not write through to the disk."""
        return {"PostgreSQL": await self._postgresql_version(), "RabbitMQ": await self._rabbitmq_version()}

    @asynccontextmanager
    async def database(self, purpose: str) -> AsyncIterator[str]:
        """Make a database meanwhile, with a name that nobody else has, and drop it afterwards."""
        name = f"bench_{purpose}_{uuid4().hex[:8]}"
        await self._administer(f'CREATE DATABASE "{name}"')
        try:
            yield urlsplit(self.database_url)._replace(path=f"/{name}").geturl()
        finally:
            await self._administer(f'DROP DATABASE "{name}" WITH (FORCE)')

    async def delete(self, queues: Sequence[str], exchanges: Sequence[str]) -> None:
        """Delete queues, with all that is in them, and exchanges; one that is not there is not missed."""
        connection = await aiormq.connect(self.broker_url)
        try:
            channel = await connection.channel()
            for queue in queues:
                await channel.queue_delete(queue)
            for exchange in exchanges:
                await channel.exchange_delete(exchange)
        finally:
            await connection.close()

    async def _administer(self, statement: str) -> None:
        connection = await asyncpg.connect(self.database_url, timeout=SECONDS)
        try:
            await connection.execute(statement, timeout=SECONDS)
        finally:
            await connection.close()

    async def _postgresql_version(self) -> str:
        connection = await asyncpg.connect(self.database_url, timeout=SECONDS)
        try:
            for setting, safe in SAFE.items():
                if await connection.fetchval("SELECT current_setting($1)", setting) != safe:
                    message = f"PostgreSQL must run with {setting}={safe}: an unsafe figure is worth nothing."
                    raise BenchError(message)
            return str(await connection.fetchval("SHOW server_version"))
        finally:
            await connection.close()

    async def _rabbitmq_version(self) -> str:
        connection = await aiormq.connect(self.broker_url)
        try:
            version = connection.server_properties["version"]
            return version.decode() if isinstance(version, bytes) else str(version)
        finally:
            await connection.close()


@asynccontextmanager
async def running_servers() -> AsyncIterator[Servers]:
    """Provide the servers that the environment names, or private ones. Raises BenchError when there are none."""
    database_url, broker_url = os.environ.get(DATABASE_VARIABLE), os.environ.get(BROKER_VARIABLE)
    if database_url and broker_url:
        yield _servers(database_url, broker_url)
        return
    folder = _open_folder()
    try:
        with servers(folder) as (postgresql, rabbitmq):
            yield _servers(postgresql.url, rabbitmq.url)
    except CannotRun as error:
        raise BenchError(str(error)) from error
    finally:
        shutil.rmtree(folder)


def _open_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="doorstroom-bench-servers-"))
    # The servers run as users of their own, who must be able to pass.
    folder.chmod(0o711)
    return folder


def _servers(database_url: str, broker_url: str) -> Servers:
    return Servers(database_url.replace("postgresql+asyncpg://", "postgresql://"), broker_url)
