"""The services as processes on one seeded clock, and what may befall them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Executable, Table, func, select

from services.calendar.holidays import is_dutch_holiday
from services.chassis.checks import at_once
from services.chassis.database import Database, Parameters, Row
from services.chassis.errors import DoorstroomError, Unavailable
from services.chassis.settings import ServiceSettings
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.chassis.wiring import topology
from services.cli.across import findings as findings_across
from services.cli.check import CHECKS, Findings
from services.cli.simulation.acts import HELPDESK, LEASE_SECONDS, Acts
from services.cli.simulation.broker import SimulatedBroker
from services.cli.simulation.faults import Faults, Killed
from services.cli.simulation.loop import SeededClock, SeededLoop
from services.cli.simulation.memory import KeptInMemory
from services.cli.simulation.outcomes import OFFERS_OPEN_AT_A_LOSS, TWO_REPLICAS
from services.cli.simulation.processes import Ground, Replica, of_service
from services.cli.simulation.rest import overdue
from services.cli.simulation.services import SIMULATED
from services.notifications import checks as notifications_checks
from services.registry import checks as registry_checks
from services.registry.domain.programmes import Programmes
from services.registry.handlers.matching import Matchmaker
from services.registry.store.waitlists import WaitlistStore
from services.shelters import checks as shelters_checks
from services.shelters.handlers.vacancies import Leases

T = TypeVar("T")

REST_SECONDS = 60.0
LONGEST_ABSENCE_SECONDS = 20.0
"""Of the broker."""
MOST_REPLICAS = 2
_AT_ONCE = {
    name: at_once(asked)
    for name, asked in (
        ("registry", registry_checks.BROKEN),
        ("shelters", shelters_checks.BROKEN),
        ("notifications", notifications_checks.BROKEN),
    )
}
_OF_RULES: Mapping[str, Findings] = {
    "registry": registry_checks.misjudged,
    "municipalities": CHECKS["municipalities"],
}
"""What takes more than one statement, or the rules of a service, to tell."""


class SimulatedWorld(Acts):
    """The services as processes, and users who reach whichever of them lives."""

    def __init__(
        self,
        databases: Mapping[str, KeptInMemory],
        settings: Mapping[str, ServiceSettings],
        loop: SeededLoop,
        faults: Faults,
    ) -> None:
        self.faults = faults
        self.loop = loop
        self._under_way: list[asyncio.Future[None]] = []
        self.clock = SeededClock(loop)
        self.matchmaker = Matchmaker(WaitlistStore(), Programmes(), is_dutch_holiday, HELPDESK)
        self.leases = Leases(LEASE_SECONDS)
        queues = [one.queue(settings[one.name].broker_prefix) for one in SIMULATED]
        self._counter = 0
        self.broker = SimulatedBroker(topology("simulated", queues), faults)
        ground = Ground(loop, self.broker, databases, settings, self._identifier, faults)
        self._unseen, self._unjudged = ground.unseen, set[str]()
        self.replicas = [
            Replica(one, ground) for one in SIMULATED for _ in range(faults.chance.randint(1, MOST_REPLICAS))
        ]
        self.outboxes = {one.name: one.service.tables.outbox for one in self.replicas}
        if sum(one.name == "registry" for one in self.replicas) > 1:
            faults.trace.reached(TWO_REPLICAS)
        self._looking = {name: Database(one) for name, one in databases.items()}

    async def open(self) -> None:
        """Start every process."""
        for replica in self.replicas:
            await replica.start()

    async def close(self) -> None:
        """End every process."""
        for replica in self.replicas:
            replica.kill()
        await asyncio.sleep(0)

    async def run(self, service: str, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        """Do this in some replica of the service. Raises Unavailable when none is there, or it dies meanwhile."""
        ready = of_service(self.replicas, service)
        if not ready:
            raise Unavailable("Nobody answers.")
        try:
            return await self.faults.chance.choice(ready).service.transactions.run(work)
        except Killed:
            raise Unavailable("The connection was lost.") from None

    async def rows(self, service: str, statement: Executable, parameters: Parameters = None) -> Sequence[Row]:
        """What is stored, whoever is there to ask."""
        async with self._looking[service].reading() as connection:
            return await connection.execute(statement, parameters)

    async def broken(self) -> list[str]:
        """What one statement to each service finds wrong, after every step in which something changed there."""
        changed = [name for name in _AT_ONCE if name in self._unseen]
        self._unjudged |= self._unseen
        self._unseen.clear()
        return [f"{name}: {row.what}" for name in changed for row in await self.rows(name, _AT_ONCE[name])]

    async def misjudged(self) -> list[str]:
        """What is wrong of all that `broken` does not ask, in services that changed since it was asked last."""
        changed = [name for name in _OF_RULES if name in self._unjudged]
        self._unjudged.clear()
        return [item for name in changed for item in await self._asked(name, _OF_RULES[name])]

    async def findings(self) -> list[str]:
        """Everything that is wrong now that all is at rest."""
        found = [item for name, check in CHECKS.items() for item in await self._asked(name, check)]
        found += await findings_across({name: self._reader(name) for name in CHECKS})
        found += await overdue(self._reader("registry"), self._reader("notifications"))
        return found + await self._left_over()

    async def _asked(self, name: str, check: Findings) -> list[str]:
        return [f"{name}: {item}" for item in await self._reader(name).read(check)]

    def befall(self) -> None:
        """Whatever strikes whole processes, and the broker, at this moment."""
        faults, started = self.faults, list[Awaitable[None]]()
        for replica in self.replicas:
            if not replica.alive:
                started.append(replica.come_back())
            elif faults.strike("kill", replica.name):
                replica.kill()
            elif faults.strike("pause", replica.name):
                started.append(replica.stand_still())
            elif faults.strike("clock", replica.name):
                replica.jump()
        if faults.strike("broker-connection-lost"):
            self.broker.go_down()
            self.broker.come_back()
        if faults.strike("broker-wiped"):
            started.append(self._loss())
        if faults.strike("broker-down") and self.broker.up:
            started.append(_absence(self.broker, faults.seconds(LONGEST_ABSENCE_SECONDS)))
        self._under_way += [asyncio.ensure_future(one) for one in started]

    async def come_to_rest(self) -> list[str]:
        """No more accidents: gives what is not settled within a minute, which should be nothing."""
        self.faults.on = False
        self.broker.come_back()
        for replica in self.replicas:
            replica.jump()
            if not replica.alive:
                await replica.come_back()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._under_way.clear()
        for _ in range(int(REST_SECONDS)):
            await asyncio.sleep(1.0)
            if not await self._restless():
                break
        await self._look_again()
        await asyncio.sleep(2.0)
        return [f"not at rest after a minute: {item}" for item in await self._restless()]

    async def _loss(self) -> None:
        """The broker loses everything. Who finds their queue gone says so, and hears again what was in it."""
        if await self.offers("made"):
            self.faults.trace.reached(OFFERS_OPEN_AT_A_LOSS)
        self.broker.wipe()

    async def _restless(self) -> list[str]:
        """What is still under way."""
        left = [] if self.broker.empty else ["messages in the broker"]
        for name, outbox in self.outboxes.items():
            if await self.rows(name, _any_unsent(outbox)):
                left.append(f"outbox of {name}")
        return left

    async def _look_again(self) -> None:
        """What the registry does every few minutes, now: it makes good what a wrong clock did."""
        registry = next(one for one in self.replicas if one.name == "registry")
        (again,) = [timer for timer in registry.service.parts.timers if timer.name == "again"]
        await again.work()

    async def _left_over(self) -> list[str]:
        """Nothing may be in quarantine: every message was ours."""
        found = []
        for replica in {one.name: one for one in self.replicas}.values():
            kept = await self.rows(replica.name, _kept_back(replica.service.tables.quarantine))
            if kept[0]["count"]:
                found.append(f"{replica.name}: {kept[0]['count']} messages in quarantine")
        return found

    def _reader(self, name: str) -> Transactions:
        return Transactions(self._looking[name], self.outboxes[name], self.clock, self._identifier, "", DoorstroomError)

    def _identifier(self) -> UUID:
        self._counter += 1
        return UUID(f"019c0000-0000-7000-8000-{self._counter:012x}")


@cache
def _any_unsent(outbox: Table) -> Executable:
    return select(outbox.c.id).where(outbox.c.sent_at.is_(None)).limit(1)


@cache
def _kept_back(quarantine: Table) -> Executable:
    return select(func.count().label("count")).select_from(quarantine)


async def _absence(broker: SimulatedBroker, seconds: float) -> None:
    broker.go_down()
    await asyncio.sleep(seconds)
    broker.come_back()
