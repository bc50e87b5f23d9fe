"""Replicas of the services that are started, stopped in the middle of anything, and started again."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from services.chassis.database import Database
from services.chassis.service import Service
from services.chassis.settings import ServiceSettings
from services.chassis.wiring import Definition, Surroundings
from services.cli.simulation.broker import SimulatedBroker
from services.cli.simulation.database import UnreliableSessions
from services.cli.simulation.faults import Faults, Killed
from services.cli.simulation.loop import SeededClock, SeededLoop
from services.cli.simulation.memory import KeptInMemory
from services.cli.simulation.outcomes import by_point

LONGEST_ABSENCE_SECONDS = 10.0
LARGEST_JUMP_SECONDS = 7200.0


@dataclass(frozen=True, slots=True)
class Ground:
    """What all processes share: the loop, the broker, the databases, new ids, and the accidents."""

    loop: SeededLoop
    broker: SimulatedBroker
    databases: Mapping[str, KeptInMemory]
    settings: Mapping[str, ServiceSettings]
    identifiers: Any
    faults: Faults
    unseen: set[str] = field(default_factory=set)
    """The services in which something may have changed since somebody looked."""


class Replica:
    """One process of one service, as it lives between two deaths."""

    def __init__(self, definition: Definition[Any], ground: Ground) -> None:
        self.name = definition.name
        self._definition = definition
        self._ground = ground
        self.clock = SeededClock(ground.loop)
        self._begin()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._sessions.alive

    @property
    def ready(self) -> bool:
        """Whether users reach it."""
        return self.alive and not self._paused

    async def start(self) -> None:
        """Relay, consume and keep time from now on."""
        await self._client.start(self.service.ask_again)
        await self.service.start()

    def point(self, label: str) -> None:
        """A labelled point of its code, at which it may die. Raises Killed when it does."""
        if self._ground.faults.strike("kill", f"{self.name} {label}"):
            self.kill()
            if situation := by_point(label):
                self._ground.faults.trace.reached(situation)
            raise Killed

    def kill(self) -> None:
        """Die: what is in memory is lost, and nothing is tidied up."""
        if not self.alive:
            return
        self._sessions.alive = False
        self._client.kill()
        for task in self.service._background._tasks:  # noqa: SLF001 - a kill asks nobody
            task.cancel()

    async def come_back(self) -> None:
        """Begin anew, some time after the death."""
        await asyncio.sleep(self._ground.faults.seconds(LONGEST_ABSENCE_SECONDS))
        if not self.alive:
            self._begin()
            await self.start()

    async def stand_still(self) -> None:
        """Nobody reaches it for a while; what was under way in it goes on late."""
        self._paused = True
        await asyncio.sleep(self._ground.faults.seconds(LONGEST_ABSENCE_SECONDS))
        self._paused = False

    def jump(self) -> None:
        """Its clock is wrong from now on, by up to two hours."""
        spread = self._ground.faults.chance.uniform(-LARGEST_JUMP_SECONDS, LARGEST_JUMP_SECONDS)
        self.clock.off_seconds = spread if self._ground.faults.on else 0.0

    def _begin(self) -> None:
        ground = self._ground
        self._paused = False
        settings = ground.settings[self.name]
        self._client = ground.broker.client(self._definition.queue(settings.broker_prefix))
        committed = partial(ground.unseen.add, self.name)
        self._sessions = UnreliableSessions(
            ground.databases[self.name], ground.faults, self.name, self.point, committed
        )
        surroundings = Surroundings(
            self._client,
            self.clock,
            ground.identifiers,
            ground.faults.chance.randbytes,
            connect=lambda _url, _size, _owner: Database(self._sessions),
        )
        self.service: Service = self._definition.build(settings, surroundings)


def of_service(replicas: Sequence[Replica], name: str) -> list[Replica]:
    """Those of one service that users reach."""
    return [replica for replica in replicas if replica.name == name and replica.ready]
