"""The PostgreSQL and RabbitMQ that the bench measures on."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4

import aiormq
import asyncpg

from bench.measure import BenchError

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
    """Provide the servers that the environment names.

    Raises BenchError when it names none.
    """
    database_url, broker_url = os.environ.get(DATABASE_VARIABLE), os.environ.get(BROKER_VARIABLE)
    if not database_url or not broker_url:
        message = f"Set {DATABASE_VARIABLE} and {BROKER_VARIABLE}: servers for the bench to use."
        raise BenchError(message)
    yield Servers(database_url.replace("postgresql+asyncpg://", "postgresql://"), broker_url)
