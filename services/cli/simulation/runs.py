"""One run: everyone acts at any moment, accidents happen, and afterwards everything comes to rest and is right."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr

from services.chassis.errors import Unavailable
from services.chassis.main import calm_collector
from services.chassis.settings import Mode, ServiceSettings
from services.chassis.wiring import Definition, Surroundings, topology
from services.cli.embedded import SERVICES, database_url
from services.cli.simulation.broker import SimulatedBroker
from services.cli.simulation.faults import Faults
from services.cli.simulation.loop import SeededLoop
from services.cli.simulation.memory import KeptInMemory
from services.cli.simulation.outcomes import reached
from services.cli.simulation.walk import Walk, drawn_kinds
from services.cli.simulation.world import SimulatedWorld
from services.registry.store.vault import KEY_FILE

T = TypeVar("T")

ACTIONS = 200
LONGEST_THOUGHT_SECONDS = 0.4
RETENTION_DAYS = 365
"""Longer than any message is under way, as an installation has to choose it: here weeks may go by within a minute."""
CHECK_EVERY = 10
FORGOTTEN = "open vacancy that somebody could have"
LEAP_PERCENTS = (2, 4, 12)
"""After how many of a hundred actions hours go by, in one run or another."""
LONGEST_LEAP_SECONDS, A_DAY_AND_MORE_SECONDS = 30 * 3600.0, 25 * 3600.0
"""Hours go by, or as long as a coordinator has to answer, and an hour."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run showed: everything that was wrong, the digest of all that was seen, and what was reached."""

    seed: int
    findings: tuple[str, ...]
    digest: str
    happened: dict[str, int]
    sometimes: dict[str, int]
    trace: tuple[str, ...] = ()


class Simulation:
    """Runs seeds on databases that were migrated once; each undoes what the one before has done."""

    def __init__(self, databases: Mapping[str, KeptInMemory], settings: Mapping[str, ServiceSettings]) -> None:
        self._databases = databases
        self._settings = settings

    def run(
        self, seed: int, *, actions: int = ACTIONS, traced: bool = False, without: frozenset[str] = frozenset()
    ) -> Outcome:
        """Everything of one seed, in a loop of its own; `without` leaves kinds of accidents out."""
        faults = drawn(seed, without)
        faults.trace.lines = [] if traced else None
        findings = self.on(faults, lambda world: _play(world, actions))
        trace = faults.trace
        return Outcome(
            seed,
            tuple(findings),
            trace.digest,
            dict(faults.happened),
            dict(trace.sometimes),
            tuple(trace.lines or ()),
        )

    def on(self, faults: Faults, play: Callable[[SimulatedWorld], Awaitable[T]]) -> T:
        """Play this in a world of its own, that has begun and to which nothing happens yet."""
        loop = SeededLoop(faults.chance)
        with ExitStack() as stack:
            for database in self._databases.values():
                stack.enter_context(database.undone_afterwards())
            runner = stack.enter_context(asyncio.Runner(loop_factory=lambda: loop))
            loop.set_exception_handler(lambda _loop, _context: None)
            return runner.run(_within(SimulatedWorld(self._databases, self._settings, loop, faults), play))


def drawn(seed: int, without: frozenset[str] = frozenset()) -> Faults:
    """The accidents of a seed, and all chance that is left to it."""
    random.seed(seed)  # What the libraries draw, such as the jitter between attempts, is the seed's as well.
    chance = random.Random(seed)  # noqa: S311 - the same for the same seed is what is wanted
    return Faults.drawn(chance, without=without)


async def _within(world: SimulatedWorld, play: Callable[[SimulatedWorld], Awaitable[T]]) -> T:
    world.faults.on = False
    try:
        await world.open()
        return await play(world)
    finally:
        await world.close()


async def _play(world: SimulatedWorld, actions: int) -> list[str]:
    walk = Walk(world)
    await walk.begin()
    world.faults.on = True
    found = await _act(world, walk, actions) or await world.come_to_rest() or await world.findings()
    world.faults.trace.sometimes.update(await reached(world))
    return found


async def _act(world: SimulatedWorld, walk: Walk, actions: int) -> list[str]:
    """Everyone acts, several at once, while accidents happen; gives what was wrong in between."""
    chance, faults = world.faults.chance, world.faults
    kinds, leap_percent = drawn_kinds(chance), chance.choice(LEAP_PERCENTS)
    steps: list[asyncio.Task[None]] = []
    for number in range(actions):
        kind = chance.choice(kinds)
        steps.append(asyncio.create_task(_step(world, walk, kind, chance.randint(0, 99))))
        await asyncio.sleep(faults.seconds(LONGEST_THOUGHT_SECONDS))
        if chance.randint(1, 100) <= leap_percent:
            world.loop.leapt_seconds += chance.choice((faults.seconds(LONGEST_LEAP_SECONDS), A_DAY_AND_MORE_SECONDS))
        world.befall()
        steps = [task for task in steps if not task.done()]
        if found := await world.broken():
            return found
        if number % CHECK_EVERY == 0 and (found := await world.misjudged()):
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


def make_template(folder: Path) -> Simulation:
    """Migrate the databases once, and keep a key beside them."""
    settings = {one.name: _settings(one, folder) for one in SERVICES}

    async def migrate() -> None:
        for one in SERVICES:
            faults = Faults(random.Random(0), on=False)  # noqa: S311 - nothing is drawn
            queue = one.queue(settings[one.name].broker_prefix)
            broker = SimulatedBroker(topology("simulated", [queue]), faults)
            service = one.build(settings[one.name], Surroundings(broker.client(queue)))
            await service.migrate()
            await service.transactions.database.close()

    asyncio.run(migrate())
    databases = {one.name: KeptInMemory(folder / f"{one.name}.sqlite3") for one in SERVICES}
    # A seed leaves hundreds of thousands of objects behind, and none of them is what was loaded to stay.
    calm_collector()
    return Simulation(databases, settings)


def _settings(definition: Definition[Any], folder: Path) -> ServiceSettings:
    url = SecretStr(database_url(folder, definition.name))
    own = {"registry_key_file": folder / KEY_FILE, "retention_days": RETENTION_DAYS}
    settings: ServiceSettings = definition.settings(mode=Mode.EMBEDDED, database_url=url, **own)
    return settings
