"""A whole installation of real processes, and everything that may befall it."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from sqlalchemy import make_url
from yarl import URL

from services.chassis.identity import DevelopmentIssuer
from services.chassis.identity.development import KEYS_FILE
from services.chassis.settings import Mode
from services.cli.across import findings as findings_across
from services.cli.cast import Cast
from services.cli.check import CHECKS
from services.cli.databases import TABLES, opened
from services.cli.distributed import (
    REPLICAS,
    Replica,
    database_name,
    endpoints_of,
    servers,
    start_services,
    stop_services,
    wait_ready,
)
from services.cli.servers import PrivatePostgreSQL, PrivateRabbitMQ
from tests.faults.cluster import cluster
from tests.support.proxy import Proxy


@dataclass(slots=True)
class Installation:
    """Servers and services, each in a process of its own."""

    postgresql: PrivatePostgreSQL
    brokers: Sequence[PrivateRabbitMQ]
    database_lines: Proxy
    broker_lines: Proxy
    replicas: list[Replica]
    issuer: DevelopmentIssuer
    session: aiohttp.ClientSession
    chance: random.Random
    befell: Counter[str] = field(default_factory=Counter)

    @property
    def rabbitmq(self) -> PrivateRabbitMQ:
        """The only node, or the first one."""
        return self.brokers[0]

    @property
    def cast(self) -> Cast:
        """Clients that reach one replica of each service, whichever."""
        return Cast(self.issuer, self.session, endpoints_of(self.replicas))

    def url(self, service: str) -> str:
        """A service's database."""
        return self.postgresql.database_url(database_name(service))

    def anyone(self) -> Replica:
        """One of the processes."""
        return self.chance.choice(self.replicas)

    def start_ended(self, but: Replica | None = None) -> None:
        """As whoever runs services does: one that could not start without its database is started again."""
        for replica in self.replicas:
            if replica is not but and replica.process.poll() is not None:
                replica.restart()

    async def ready(self) -> None:
        """Wait until every process says that it is ready."""
        self.start_ended()
        await asyncio.gather(*(wait_ready(replica) for replica in self.replicas))

    async def findings(self) -> list[str]:
        """What is wrong now, or merely under way: what `doorstroom check --at-rest` says, and what is not sent yet."""
        async with AsyncExitStack() as stack:
            opening = {name: await stack.enter_async_context(opened(self.url(name), name)) for name in CHECKS}
            found = []
            for name, transactions in opening.items():
                found += [f"{name}: {item}" for item in await transactions.read(CHECKS[name])]
                outbox = TABLES[name].outbox
                waiting = outbox.select().where(outbox.c.sent_at.is_(None))
                unsent = await transactions.read(lambda unit, query=waiting: unit.execute(query))  # type: ignore[misc] # mypy does not see it
                found += [f"{name}: {len(unsent)} messages not sent"] if unsent else []
            return found + await findings_across(opening)


@dataclass(frozen=True, slots=True)
class _Behind:
    """A PostgreSQL as it is reached by a proxy."""

    server: PrivatePostgreSQL
    port: int

    @property
    def url(self) -> str:
        return self._through(self.server.url)

    def database_url(self, name: str) -> str:
        return self._through(self.server.database_url(name))

    def owner_url(self, name: str) -> str:
        return self._through(self.server.owner_url(name))

    def _through(self, url: str) -> str:
        return make_url(url).set(port=self.port).render_as_string(hide_password=False)


Servers = tuple[PrivatePostgreSQL, Sequence[PrivateRabbitMQ]]


@contextmanager
def _servers(data: Path) -> Iterator[Servers]:
    with servers(data) as (postgresql, rabbitmq):
        yield postgresql, [rabbitmq]


@contextmanager
def _cluster(data: Path) -> Iterator[Servers]:
    postgresql = PrivatePostgreSQL(data / "postgresql")
    postgresql.start()
    try:
        with cluster(data) as nodes:
            yield postgresql, nodes
    finally:
        postgresql.stop()


@asynccontextmanager
async def installed(
    data: Path,
    chance: random.Random,
    replicas: Mapping[str, int] = REPLICAS,
    *,
    clustered: bool = False,
    **settings: str,
) -> AsyncIterator[Installation]:
    """Everything, as `make run-distributed` starts it, in a folder that is there, with a proxy before each server.

    `clustered`: on three nodes of RabbitMQ.
    """
    issuer = DevelopmentIssuer(data, Mode.EMBEDDED)
    environment = {"DOORSTROOM_TOKEN_KEYS_FILE": str((data / KEYS_FILE).resolve()), **settings}
    async with AsyncExitStack() as stack:
        postgresql, brokers = stack.enter_context(_cluster(data) if clustered else _servers(data))
        database_lines = await proxy_of(stack, postgresql.port)
        broker_lines = await proxy_of(stack, *(broker.port for broker in brokers))
        broker = URL(brokers[0].url).with_port(broker_lines.port)
        behind = _Behind(postgresql, database_lines.port)
        started = await start_services(data, behind, lambda _service: str(broker), environment, replicas)  # type: ignore[arg-type] # it asks for its addresses only
        stack.push_async_callback(asyncio.to_thread, stop_services, started)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield Installation(postgresql, brokers, database_lines, broker_lines, started, issuer, session, chance)


async def proxy_of(stack: AsyncExitStack, *ports: int) -> Proxy:
    """A proxy before the first of these that answers."""
    lines = Proxy(list(ports))
    await lines.start()
    stack.push_async_callback(lines.stop)
    return lines
