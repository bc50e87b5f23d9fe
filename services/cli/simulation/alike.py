"""The same commands with accidents and without: what comes of them in the end must be the same.

While everyone acts at once, an accident changes what happens next, and rightly so: who is late finds the bed gone. So
here one command follows another, each at a moment of its own and when the one before has come to rest; then nothing
but an accident could make a difference, and none may.
"""

import asyncio
import difflib
import random
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Table, func, select

from services.chassis.database import Row
from services.chassis.errors import Unavailable
from services.cli.simulation.faults import KINDS as KINDS_OF_ACCIDENTS
from services.cli.simulation.faults import spared
from services.cli.simulation.loop import START
from services.cli.simulation.runs import Simulation, drawn
from services.cli.simulation.walk import KINDS, Walk
from services.cli.simulation.world import SimulatedWorld
from services.municipalities.tables import claims, ledger, slots
from services.notifications.domain.ladders import Reminder
from services.notifications.tables import notifications
from services.registry.tables import entries, offers, vacancies
from services.shelters.tables import enquiries, units

COMMANDS = 23
MOMENT_SECONDS = 150
"""A command and all that follows from it are over by then."""
FIRST_SECONDS = 37
"""What is due is due some whole or half hours after a command: never within the moment of another one."""
LONGEST_LEAP_HOURS = 26
TURMOIL_SECONDS = 8
"""For so long accidents happen after a command."""
_LIVE = frozenset({"open", "offered", "filled"})
"""Of what was free and taken back, the registry may have heard both at once, and remember nothing."""
TURMOIL_SHARE = 0.2
"""In how many of the hours between them they happen, too."""


def differences(simulation: Simulation, seed: int) -> list[str]:
    """What the accidents of a seed have changed in what came of its commands: nothing, if all is well."""
    # A clock that is wrong gives other deadlines, and nobody can know better.
    calm, troubled = (
        simulation.on(drawn(seed, without), lambda world: _play(world, seed))
        for without in (frozenset(KINDS_OF_ACCIDENTS), frozenset({"clock"}))
    )
    lines = difflib.unified_diff(calm, troubled, "without accidents", "with them", lineterm="", n=0)
    return [line for line in lines if not line.startswith("@@")]


async def _play(world: SimulatedWorld, seed: int) -> list[str]:
    """Carry out the commands of a seed, and tell in lines what became of everything; ids are replaced by order."""
    script = random.Random(seed)  # noqa: S311 - the same for the same seed is what is wanted
    walk, wrong = Walk(world), list[str]()
    await walk.begin()
    for number in range(COMMANDS):
        for _ in range(script.choice((0, 0, script.randint(1, LONGEST_LEAP_HOURS)))):
            # Hour by hour, so that of two things that are due the earlier one happens first.
            world.loop.leapt_seconds += 3600 - _seconds(world) % 3600 + _moment(number)
            wrong += await (_turmoil(world) if script.random() < TURMOIL_SHARE else world.come_to_rest())
        world.loop.leapt_seconds += (_moment(number) - _seconds(world)) % 3600
        await _command(walk, script.choice(KINDS), script.randint(0, 99))
        wrong += await _turmoil(world)
        wrong += [f"at rest too late after {number} commands"] * (_seconds(world) % 3600 > _moment(number + 1))
    return wrong + await _told(world, walk)


def _seconds(world: SimulatedWorld) -> float:
    """How much time has passed, for everyone's clock on the wall."""
    return (world.clock() - START).total_seconds()


def _moment(number: int) -> int:
    """When in its hour a command is carried out, and whatever is due whole hours after it."""
    return FIRST_SECONDS + number * MOMENT_SECONDS


async def _turmoil(world: SimulatedWorld) -> list[str]:
    """Accidents, until everything is settled without them."""
    world.faults.on = True
    for _ in range(TURMOIL_SECONDS):
        await asyncio.sleep(1.0)
        world.befall()
    return await world.come_to_rest()


async def _command(walk: Walk, kind: str, which: int) -> None:
    """Exactly once: a user who does not know whether they were heard is another matter."""
    while True:
        try:
            with spared():
                return await walk.take(kind, which)
        except Unavailable:
            await asyncio.sleep(1.0)


async def _told(world: SimulatedWorld, walk: Walk) -> list[str]:
    of_entry = _numbered("entry", await _all(world, "registry", entries))
    resources = {unit_id: f"unit {place}" for place, unit_id in enumerate(walk.units)}
    resources |= _numbered("slot", await _all(world, "municipalities", slots))
    free = {row.id: resources[row.resource_id] for row in await _all(world, "registry", vacancies)}
    made = await _all(world, "registry", offers)
    of_offer = {row.id: f"offer of {free[row.vacancy_id]} to {of_entry[row.entry_id]}" for row in made}
    names = of_entry | resources | of_offer
    return [
        *(f"{of_entry[row.id]}: {row.waitlist} {row.state} {row.pause_reason} {row.lacks} {row.silences}"
          for row in await _all(world, "registry", entries)),
        *sorted(f"{of_offer[row.id]}: {row.state} {row.reason} {row.ended_at is not None}" for row in made),
        *sorted(f"{free[row.id]}: {row.state}"
                for row in await _all(world, "registry", vacancies) if row.state in _LIVE),
        *sorted(f"{resources[row.id]}: {row.state} {row.enquiring} {row.ended_by}"
                for row in await _all(world, "shelters", units)),
        *sorted(f"{resources[row.unit_id]}: enquiry {row.agreed} {row.refusal} {row.end_reason}"
                for row in await _all(world, "shelters", enquiries)),
        *(f"{resources[row.id]}: {row.state} {row.accepted}" for row in await _all(world, "municipalities", slots)),
        *(f"claim of {resources[row.slot_id]}: {row.state} {row.people}"
          for row in await _all(world, "municipalities", claims)),
        *await _booked(world),
        *await _heard(world, names),
    ]  # fmt: skip


async def _booked(world: SimulatedWorld) -> list[str]:
    by = (ledger.c.municipality_code, ledger.c.half_year, ledger.c.account)
    query = select(*by, func.sum(ledger.c.people).label("people")).group_by(*by).order_by(*by)
    booked = await world.rows("municipalities", query)
    return [f"ledger {row.half_year} {row.account}: {row.people}" for row in booked]


async def _heard(world: SimulatedWorld, names: Mapping[UUID, str]) -> list[str]:
    """The last thing that each recipient heard of each subject; what was overtaken by it may have been left out."""
    # A reminder that is due in the hour of the decision may come before it or not at all.
    lasting = select(notifications).where(notifications.c.kind.not_in([kind.value for kind in Reminder]))
    query = lasting.order_by(notifications.c.recipient, notifications.c.sequence)
    last = {(row.recipient, row.subject): row.kind for row in await world.rows("notifications", query)}
    return sorted(f"{recipient} heard of {names.get(subject, 'a case')}: {kind}"
                  for (recipient, subject), kind in last.items())  # fmt: skip


async def _all(world: SimulatedWorld, service: str, table: Table) -> list[Row]:
    """Every row, in the order in which they were made."""
    return list(await world.rows(service, select(table).order_by(*table.primary_key)))


def _numbered(what: str, rows: list[Row]) -> dict[UUID, str]:
    return {row.id: f"{what} {number}" for number, row in enumerate(rows)}
