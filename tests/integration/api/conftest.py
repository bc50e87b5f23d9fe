"""Everything in one process behind a real port, with a clean set of facts to ask about."""

import shutil
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from sqlalchemy import MetaData, select

from doorstroom_client import Endpoints
from services.chassis.identity import Role
from services.chassis.service import Service
from services.cli.cast import SCOPES, Cast
from services.cli.embedded import Embedded, build_embedded
from services.cli.sample import Sample
from services.municipalities.domain.half_year import half_year_of
from tests.support.templates import sqlite_copy

BOOKKEEPING = {"outbox", "inbox", "alembic_version", "waitlists", "audit_pending", "audit_log"}


@dataclass(slots=True)
class Answer:
    """A response, read."""

    status: int
    headers: Any
    body: Any


@dataclass(slots=True)
class Server:
    """The embedded mode, and whoever may call it."""

    embedded: Embedded
    session: aiohttp.ClientSession
    cast: Cast
    root: str

    @property
    def services(self) -> dict[str, Service]:
        return {service.name: service for service in self.embedded.process._services}

    def token(self, organisation: str, role: Role, scopes: Iterable[str] | None = None) -> str:
        return self.embedded.issuer.issue("system", organisation, role, SCOPES[role] if scopes is None else scopes)

    async def send(
        self,
        method: str,
        path: str,
        token: str | None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        data: bytes | None = None,
    ) -> Answer:
        sent = dict(headers or {})
        if token is not None:
            sent.setdefault("Authorization", f"Bearer {token}")
        if key is not None:
            sent.setdefault("Idempotency-Key", key)
        options: dict[str, Any] = {"json": json} if json is not None else {"data": data}
        async with self.session.request(method, f"{self.root}{path}", headers=sent, **options) as response:
            is_json = "json" in response.headers.get("Content-Type", "")
            body = await response.json(content_type=None) if is_json else await response.read()
            return Answer(response.status, response.headers.copy(), body)

    async def post(self, path: str, token: str, body: object = None, key: str | None = None) -> Answer:
        return await self.send("POST", path, token, key=key or str(uuid4()), json=body)

    async def stored(self) -> dict[str, list[Any]]:
        """Every row of every service but what is only bookkeeping."""
        everything: dict[str, list[Any]] = {}
        for name, service in self.services.items():
            database = service.transactions.database
            metadata = MetaData()
            async with database.changing_schema() as schema:
                await schema.run_sync(metadata.reflect)
            async with database.reading() as connection:
                for table in metadata.sorted_tables:
                    if table.name not in BOOKKEEPING:
                        rows = await connection.execute(select(table))
                        everything[f"{name}.{table.name}"] = sorted(repr(list(row)) for row in rows)
                    if table.name == "outbox":
                        rows = await connection.execute(select(table.c.id))
                        everything[f"{name}.events"] = sorted(repr(list(row)) for row in rows)
        return everything


@asynccontextmanager
async def serving(data: Path) -> AsyncIterator[Server]:
    """Everything that is stored in this folder, served."""
    embedded = build_embedded(data, access_log=False)
    async with AsyncExitStack() as stack:
        await embedded.process.start("127.0.0.1", 0)
        stack.push_async_callback(embedded.process.stop, 0)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        root = f"http://127.0.0.1:{embedded.process.port}"
        yield Server(embedded, session, Cast(embedded.issuer, session, Endpoints.at(root)), root)


async def load_sample(data: Path) -> None:
    async with serving(data) as server:
        now = server.services["registry"].transactions.clock()
        await Sample(server.cast, now, half_year_of(now)).load(lambda _line: None)


@pytest.fixture
async def server(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Server]:
    """Serving, with nothing stored."""
    sqlite_copy(sqlite_template, tmp_path)
    async with serving(tmp_path) as server:
        yield server


@pytest.fixture
async def sampled(tmp_path: Path, sample_template: Path) -> AsyncIterator[Server]:
    """Serving, with the sample loaded."""
    shutil.copytree(sample_template, tmp_path, dirs_exist_ok=True)
    async with serving(tmp_path) as server:
        yield server
