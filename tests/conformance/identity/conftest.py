"""The token endpoint behind a port, on each kind of database, with a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from services.chassis.broker.memory import InProcessBroker
from services.chassis.identity import Role, TokenVerifier
from services.chassis.process import Process
from services.chassis.settings import Mode
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.wiring import Surroundings, topology
from services.identity import store
from services.identity.domain.lifecycle import Period
from services.identity.handlers import clients
from services.identity.handlers.signing import _generate
from services.identity.settings import Settings
from services.identity.store import StoredSigningKey
from services.identity.wiring import Identity, build
from tests.support.clients import RSA, assertion, form, public_jwk
from tests.support.world import START, Clock

ISSUER = "https://doorstroom.example.org/identity/v1"
SECRET = "s" * 40
SCOPES = ("shelters:read", "shelters:write")


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, read."""

    status: int
    headers: Any
    body: Any


class Endpoint:
    """The service, and a client that asks it for tokens."""

    def __init__(self, identity: Identity, process: Process, session: aiohttp.ClientSession, clock: Clock) -> None:
        self.identity = identity
        self.clock = clock
        self._process = process
        self._session = session

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._process.port}/identity/v1"

    async def run(self, work: Any) -> Any:  # noqa: ANN401 - what the work gives
        return await self.identity.service.transactions.run(work)

    async def register(
        self,
        client: str = "client-1",
        key: Any = RSA,  # noqa: ANN401 - any key
        scopes: Sequence[str] = SCOPES,
    ) -> None:
        async def work(unit: UnitOfWork) -> None:
            await clients.register(unit, client, "shelter-noord", Role.PROVIDER.value, scopes, public_jwk(key))

        await self.run(work)

    def assertion(self, client: str = "client-1", **changes: Any) -> str:  # noqa: ANN401 - any claim
        given = {"audience": ISSUER, **changes}
        return assertion(client, now=self.clock(), **given)

    async def ask(self, assertion: str | None = None, **changes: str | None) -> Answer:
        """Ask for a token."""
        return await self.send(form(assertion or self.assertion(), **changes))

    async def send(self, data: Any, path: str = "/token", method: str = "POST", **options: Any) -> Answer:  # noqa: ANN401 - as aiohttp takes it
        async with self._session.request(method, f"{self.root}{path}", data=data, **options) as response:
            body = await response.json(content_type=None)
            return Answer(response.status, response.headers.copy(), body)

    def verifier(self) -> TokenVerifier:
        """Whoever accepts the tokens."""
        return TokenVerifier({ISSUER: self.identity.keys}, "doorstroom")


@pytest.fixture(scope="session")
def made_key() -> StoredSigningKey:
    """A signing key that many tests share: to make one takes longer than the test."""
    return _generate(Period(1, START), SECRET.encode())


class Endpoints:
    """Makes replicas of the service on one database."""

    def __init__(self, url: str, folder: Path, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session
        self._processes: list[Process] = []
        self.clock = Clock()
        self.key_file = folder / "identity.key"
        self.key_file.write_text(SECRET)

    async def start(self, **settings: Any) -> Endpoint:  # noqa: ANN401 - any setting
        chosen = Settings(
            database_url=SecretStr(self.url),
            mode=Mode.DISTRIBUTED,
            **{"identity_key_file": self.key_file, "identity_issuer": ISSUER, "access_log": False, **settings},
        )
        broker = InProcessBroker(topology("test", []))
        identity = build(chosen, Surroundings(broker, self.clock))
        process = Process([identity.service], broker, TokenVerifier({}, "doorstroom"), chosen)
        await process.start("127.0.0.1", 0)
        self._processes.append(process)
        return Endpoint(identity, process, self._session, self.clock)

    async def stop(self) -> None:
        await asyncio.gather(*(process.stop(0) for process in self._processes))


@pytest.fixture
async def endpoints(database_url: str, tmp_path: Path) -> AsyncIterator[Endpoints]:
    async with aiohttp.ClientSession() as session:
        endpoints = Endpoints(database_url, tmp_path, session)
        yield endpoints
        await endpoints.stop()


@pytest.fixture
async def endpoint(endpoints: Endpoints, made_key: StoredSigningKey) -> Endpoint:
    """One replica, with a key to sign with and one client."""
    endpoint = await endpoints.start()
    await endpoint.run(lambda unit: store.add_signing_key(unit, made_key, []))
    await endpoint.register()
    return endpoint
