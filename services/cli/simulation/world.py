"""One run: everyone acts at any moment, accidents happen, and afterwards everything comes to rest and is right."""

import asyncio
import random
import shutil
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import Executable, func, select

from services.chassis.checks import at_once
from services.chassis.database import Database, Parameters, Row
from services.chassis.errors import DoorstroomError, Unavailable
from services.chassis.main import calm_collector
from services.chassis.settings import Mode
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.chassis.wiring import Surroundings, topology
from services.cli.across import findings as findings_across
from services.cli.check import CHECKS
from services.cli.embedded import SERVICES, database_url
from services.cli.simulation.acts import HELPDESK, LEASE_SECONDS, Acts
from services.cli.simulation.broker import SimulatedBroker
from services.cli.simulation.database import sessions
from services.cli.simulation.faults import Faults, Killed
from services.cli.simulation.loop import SeededClock, SeededLoop
from services.cli.simulation.outcomes import OFFERS_OPEN_AT_A_LOSS, TWO_REPLICAS, reached
from services.cli.simulation.processes import Ground, Replica, of_service
from services.cli.simulation.rest import overdue
from services.cli.simulation.walk import KINDS, Walk
from services.notifications import checks as notifications_checks
from services.registry import checks as registry_checks
from services.registry.calendar import is_dutch_holiday
from services.registry.domain.programmes import Programmes
from services.registry.handlers.matching import Matchmaker
from services.registry.store.vault import KEY_FILE
from services.registry.store.waitlists import WaitlistStore
from services.shelters import checks as shelters_checks
from services.shelters.handlers.vacancies import Leases

T = TypeVar("T")

ACTIONS = 200
REST_SECONDS = 60.0
LONGEST_THOUGHT_SECONDS = 0.8
CHECK_EVERY = 20
FORGOTTEN = "open vacancy that somebody could have"
LEAP_PERCENT = 4
"""After how many of a hundred actions hours go by."""
LONGEST_LEAP_SECONDS, A_DAY_AND_MORE_SECONDS = 30 * 3600.0, 25 * 3600.0
"""Hours go by, or as long as a coordinator has to answer, and an hour."""
MOST_REPLICAS = 2
_AT_ONCE = {
    name: at_once(asked)
    for name, asked in (
        ("registry", registry_checks.BROKEN),
        ("shelters", shelters_checks.BROKEN),
        ("notifications", notifications_checks.BROKEN),
    )
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run showed: everything that was wrong, the digest of all that was seen, and what was reached."""

    seed: int
    findings: tuple[str, ...]
    digest: str
    happened: dict[str, int]
    sometimes: dict[str, int]
    trace: tuple[str, ...] = ()


class SimulatedWorld(Acts):
    """The services as processes, and users who reach whichever of them lives."""

    def __init__(self, urls: dict[str, str], key_file: Path, loop: SeededLoop, faults: Faults) -> None:
        self.faults = faults
        self.loop = loop
        self.accidents: list[asyncio.Task[None]] = []
        self.clock = SeededClock(loop)
        self.matchmaker = Matchmaker(WaitlistStore(), Programmes(), is_dutch_holiday, HELPDESK)
        self.leases = Leases(LEASE_SECONDS)
        own = {"registry_key_file": key_file}
        settings = {
            one.name: one.settings(mode=Mode.EMBEDDED, database_url=SecretStr(urls[one.name]), **own)
            for one in SERVICES
        }
        queues = [one.queue(settings[one.name].broker_prefix) for one in SERVICES]
        self._databases = {name: sessions(url) for name, url in urls.items()}
        self._counter = 0
        self.broker = SimulatedBroker(topology("simulated", queues), faults)
        ground = Ground(loop, self.broker, self._databases, settings, self._identifier, faults)
        self.replicas = [
            Replica(one, ground) for one in SERVICES for _ in range(faults.chance.randint(1, MOST_REPLICAS))
        ]
        self.outboxes = {one.name: one.service.tables.outbox for one in self.replicas}
        if sum(one.name == "registry" for one in self.replicas) > 1:
            faults.trace.reached(TWO_REPLICAS)
        self._looking = {name: Database(one) for name, one in self._databases.items()}

    async def open(self) -> None:
        """Start every process."""
        for replica in self.replicas:
            await replica.start()

    async def close(self) -> None:
        """End every process, and close the files."""
        for replica in self.replicas:
            replica.kill()
        await asyncio.sleep(0)
        for database in self._databases.values():
            await database.close()

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
        """What one statement to each service finds wrong, after every step."""
        return [f"{name}: {row.what}" for name, asked in _AT_ONCE.items() for row in await self.rows(name, asked)]

    async def findings(self, *, at_rest: bool) -> list[str]:
        """Everything that is wrong at this moment."""
        found = []
        for name, check in CHECKS.items():
            found += [f"{name}: {item}" for item in await self._reader(name).read(check)]
        if at_rest:
            found += await findings_across({name: self._reader(name) for name in CHECKS})
            found += await overdue(self._reader("registry"))
            found += await self._left_over()
        return found

    async def restless(self) -> list[str]:
        """What is still under way."""
        left = [] if self.broker.empty else ["messages in the broker"]
        for name, outbox in self.outboxes.items():
            if await self.count(name, outbox, outbox.c.sent_at.is_(None)):
                left.append(f"outbox of {name}")
        return left

    async def look_again(self) -> None:
        """What the registry does every few minutes, now: it makes good what a wrong clock did."""
        registry = next(one for one in self.replicas if one.name == "registry")
        (again,) = [timer for timer in registry.service.parts.timers if timer.name == "again"]
        await again.work()

    async def _left_over(self) -> list[str]:
        """Nothing may be in quarantine: every message was ours."""
        found = []
        for replica in {one.name: one for one in self.replicas}.values():
            kept = await self.rows(
                replica.name, select(func.count().label("count")).select_from(replica.service.tables.quarantine)
            )
            if kept[0]["count"]:
                found.append(f"{replica.name}: {kept[0]['count']} messages in quarantine")
        return found

    def _reader(self, name: str) -> Transactions:
        return Transactions(self._looking[name], self.outboxes[name], self.clock, self._identifier, "", DoorstroomError)

    def _identifier(self) -> UUID:
        self._counter += 1
        return UUID(f"019c0000-0000-7000-8000-{self._counter:012x}")


class Simulation:
    """Runs seeds on copies of databases that were migrated once."""

    def __init__(self, template: Path, key_file: Path) -> None:
        self._template = template
        self._key_file = key_file

    def run(
        self, seed: int, *, actions: int = ACTIONS, traced: bool = False, without: frozenset[str] = frozenset()
    ) -> Outcome:
        """Everything of one seed, in a loop of its own; `without` leaves kinds of accidents out."""
        chance = random.Random(seed)  # noqa: S311 - the same for the same seed is what is wanted
        random.seed(seed)  # What the libraries draw, such as the jitter between attempts, is the seed's as well.
        faults = Faults.drawn(chance, without=without)
        faults.trace.lines = [] if traced else None
        loop = SeededLoop(chance)
        with (
            TemporaryDirectory(prefix="doorstroom-seed-") as folder,
            asyncio.Runner(loop_factory=lambda: loop) as runner,
        ):
            for definition in SERVICES:
                shutil.copyfile(
                    self._template / f"{definition.name}.sqlite3", Path(folder) / f"{definition.name}.sqlite3"
                )
            urls = {definition.name: database_url(Path(folder), definition.name) for definition in SERVICES}
            loop.set_exception_handler(lambda _loop, _context: None)
            findings = runner.run(_play(urls, self._key_file, loop, faults, actions))
        trace = faults.trace
        return Outcome(
            seed,
            tuple(findings),
            trace.digest,
            dict(faults.happened),
            dict(trace.sometimes),
            tuple(trace.lines or ()),
        )


async def _play(urls: dict[str, str], key_file: Path, loop: SeededLoop, faults: Faults, actions: int) -> list[str]:
    world = SimulatedWorld(urls, key_file, loop, faults)
    faults.on = False
    await world.open()
    walk = Walk(world)
    await walk.begin()
    faults.on = True
    try:
        found = await _act(world, walk, actions) or await _come_to_rest(world)
        faults.trace.sometimes.update(await reached(world))
        return found
    finally:
        await world.close()


async def _act(world: SimulatedWorld, walk: Walk, actions: int) -> list[str]:
    """Everyone acts, several at once, while accidents happen; gives what was wrong in between."""
    chance, faults = world.faults.chance, world.faults
    steps: list[asyncio.Task[None]] = []
    for number in range(actions):
        kind = chance.choice(KINDS)
        steps.append(asyncio.create_task(_step(world, walk, kind, chance.randint(0, 99))))
        await asyncio.sleep(faults.seconds(LONGEST_THOUGHT_SECONDS))
        if chance.randint(1, 100) <= LEAP_PERCENT:
            world.loop.leapt_seconds += chance.choice((faults.seconds(LONGEST_LEAP_SECONDS), A_DAY_AND_MORE_SECONDS))
        world.accidents += _accidents(world)
        steps = [task for task in steps if not task.done()]
        if found := await world.broken():
            return found
        if number % CHECK_EVERY == 0 and (found := await world.findings(at_rest=False)):
            # Who is passed over by a clock that is wrong is found a few minutes later, when all is at rest.
            found = [item for item in found if FORGOTTEN not in item or not faults.happened["clock"]]
            if found:
                return found
    await asyncio.gather(*steps, return_exceptions=True)
    return []


async def _step(world: SimulatedWorld, walk: Walk, kind: str, number: int) -> None:
    outcome = "done"
    try:
        await walk.take(kind, number)
    except Unavailable:
        outcome = "unavailable"
    world.faults.trace.note("acted", kind, number, outcome)


def _accidents(world: SimulatedWorld) -> list[asyncio.Task[None]]:
    """What befalls whole processes, and the broker."""
    faults, started = world.faults, list[Awaitable[None]]()
    for replica in world.replicas:
        if not replica.alive:
            started.append(replica.come_back())
        elif faults.strike("kill", replica.name):
            replica.kill()
        elif faults.strike("pause", replica.name):
            started.append(replica.stand_still())
        elif faults.strike("clock", replica.name):
            replica.jump()
    if faults.strike("broker-connection-lost"):
        world.broker.go_down()
        world.broker.come_back()
    if faults.strike("broker-wiped"):
        started.append(_loss(world))
    if faults.strike("broker-down") and world.broker.up:
        started.append(_absence(world.broker, faults.seconds(20.0)))
    return [asyncio.ensure_future(one) for one in started]


async def _loss(world: SimulatedWorld) -> None:
    """The broker loses everything. Who finds their queue gone says so, and hears again what was in it."""
    if await world.offers("made"):
        world.faults.trace.reached(OFFERS_OPEN_AT_A_LOSS)
    world.broker.wipe()


async def _absence(broker: SimulatedBroker, seconds: float) -> None:
    broker.go_down()
    await asyncio.sleep(seconds)
    broker.come_back()


async def _come_to_rest(world: SimulatedWorld) -> list[str]:
    """No more accidents: within a minute everything is settled, and everything agrees."""
    world.faults.on = False
    world.broker.come_back()
    for replica in world.replicas:
        replica.jump()
        if not replica.alive:
            await replica.come_back()
    await asyncio.gather(*world.accidents, return_exceptions=True)
    for _ in range(int(REST_SECONDS)):
        await asyncio.sleep(1.0)
        if not await world.restless():
            break
    await world.look_again()
    await asyncio.sleep(2.0)
    left = await world.restless()
    return [f"not at rest after a minute: {item}" for item in left] or await world.findings(at_rest=True)


def make_template(folder: Path) -> Simulation:
    """Migrate the databases once, and keep a key beside them."""

    async def migrate() -> None:
        for definition in SERVICES:
            own = {"registry_key_file": folder / KEY_FILE}
            url = SecretStr(database_url(folder, definition.name))
            settings = definition.settings(mode=Mode.EMBEDDED, database_url=url, **own)
            faults = Faults(random.Random(0), on=False)  # noqa: S311 - nothing is drawn
            queue = definition.queue(settings.broker_prefix)
            broker = SimulatedBroker(topology("simulated", [queue]), faults)
            service = definition.build(settings, Surroundings(broker.client(queue)))
            with suppress(Killed):
                await service.migrate()
            await service.transactions.database.close()

    asyncio.run(migrate())
    # A seed leaves hundreds of thousands of objects behind, and none of them is what was loaded to stay.
    calm_collector()
    return Simulation(folder, folder / KEY_FILE)
