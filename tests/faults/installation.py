"""A whole installation of real processes, and everything that may befall it."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from services.chassis.identity import DevelopmentIssuer
from services.chassis.identity.development import KEYS_FILE
from services.chassis.settings import Mode
from services.cli.across import findings as findings_across
from services.cli.cast import Cast
from services.cli.check import CHECKS
from services.cli.databases import TABLES, opened
from services.cli.distributed import (
    Replica,
    database_name,
    endpoints_of,
    servers,
    start_services,
    stop_services,
    wait_ready,
)
from services.cli.servers import PrivatePostgreSQL, PrivateRabbitMQ

LONGEST_PAUSE_SECONDS = 4.0


@dataclass(slots=True)
class Installation:
    """Servers and services, each in a process of its own."""

    postgresql: PrivatePostgreSQL
    rabbitmq: PrivateRabbitMQ
    replicas: list[Replica]
    issuer: DevelopmentIssuer
    session: aiohttp.ClientSession
    chance: random.Random
    befell: Counter[str] = field(default_factory=Counter)

    @property
    def cast(self) -> Cast:
        """Clients that reach one replica of each service, whichever."""
        return Cast(self.issuer, self.session, endpoints_of(self.replicas))

    def url(self, service: str) -> str:
        """A service's database."""
        return self.postgresql.database_url(database_name(service))

    async def strike(self, kind: str) -> None:
        """Let this happen once, and mend what does not mend itself: a process that is gone is started again."""
        self.befell[kind] += 1
        replica = self.chance.choice(self.replicas)
        if kind == "service killed":
            replica.process.kill()
            replica.process.wait(10)
            replica.restart()
        elif kind == "service stopped and continued":
            replica.process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(self.chance.uniform(1.0, LONGEST_PAUSE_SECONDS))
            replica.process.send_signal(signal.SIGCONT)
        elif kind == "service asked to end":
            replica.process.terminate()
            await asyncio.to_thread(replica.process.wait, 30)
            replica.restart()
        elif kind == "RabbitMQ killed":
            await asyncio.to_thread(self.rabbitmq.kill)
            await asyncio.to_thread(self.rabbitmq.start)
        elif kind == "RabbitMQ wiped":
            await asyncio.to_thread(self.rabbitmq.wipe)
        elif kind == "PostgreSQL killed":
            await asyncio.to_thread(self.postgresql.kill)
            await asyncio.to_thread(self.postgresql.start)

    async def ready(self) -> None:
        """Wait until every process says that it is ready."""
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


@asynccontextmanager
async def installed(data: Path, chance: random.Random) -> AsyncIterator[Installation]:
    """Everything, as `make run-distributed` starts it, in a folder that is there."""
    issuer = DevelopmentIssuer(data, Mode.EMBEDDED)
    environment = {"DOORSTROOM_TOKEN_KEYS_FILE": str((data / KEYS_FILE).resolve())}
    with servers(data) as (postgresql, rabbitmq):
        replicas = await start_services(data, postgresql, rabbitmq.url, environment)
        try:
            async with aiohttp.ClientSession() as session:
                yield Installation(postgresql, rabbitmq, replicas, issuer, session, chance)
        finally:
            await asyncio.to_thread(stop_services, replicas)
