"""Many workers on one PostgreSQL, all deciding at once: nothing twice, nobody passed over, nobody turned away."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import select

from schemas.messages.beds import Acceptance, BedFreed, Service
from schemas.vocabulary import AgeBand, Programme, Region, Secrecy, Sex
from services.chassis.database import Database, TransactionConflict
from services.chassis.errors import Conflict, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.registry.handlers import vacancies
from services.registry.tables import entries
from services.registry.tables import offers as offers_table
from tests.support.invariants import each_service_keeps_its_own_rules, every_decision_can_be_made_again
from tests.support.templates import postgresql_copy
from tests.support.world import World

VACANCIES = int(os.environ.get("DOORSTROOM_VACANCIES", "1000"))
WORKERS, ANSWERING, TOO_MANY = 64, 32, 50


@pytest.fixture
async def world(postgres_url: str, postgresql_template: dict[str, str]) -> AsyncIterator[World]:
    """The services with a session for each worker."""
    async with AsyncExitStack() as stack:
        urls = await stack.enter_async_context(postgresql_copy(postgres_url, postgresql_template))
        built = World(urls, connect=lambda url, _size, _owner: Database.connect(url, WORKERS))
        stack.push_async_callback(built.close)
        yield built


def freed(vacancy_id: UUID, now: datetime) -> BedFreed:
    """A bed for everybody."""
    return BedFreed(
        vacancy_id=vacancy_id,
        version=1,
        unit_id=vacancy_id,
        facility_id=vacancy_id,
        programme=Programme.OMM,
        places=1,
        accepts=Acceptance(sexes=list(Sex), age_bands=list(AgeBand), children=True),
        serves=Service(wheelchair=True, needs=[]),
        available_from=now,
        lease_expires_at=now + timedelta(days=3),
        freed_at=now,
        region=Region.LIMBURG,
        secrecy=Secrecy.KNOWN,
        kept_for_places=1,
    )


async def all_at_once(work: Iterable[Callable[[], Awaitable[object]]], workers: int) -> None:
    """So many workers, each of which takes what is next."""
    waiting = iter(work)

    async def one() -> None:
        for task in waiting:
            await task()

    await asyncio.gather(*(one() for _ in range(workers)))


def post(world: World, vacancy_id: UUID) -> Callable[[], Awaitable[object]]:
    """The registry hears of a bed."""

    async def work(unit: UnitOfWork) -> None:
        await vacancies.vacancies_freed(world.matchmaker, unit, [freed(vacancy_id, unit.now)])

    return partial(world.run, "registry", work)


@pytest.mark.timeout(1800)
async def test_64_workers_give_every_bed_once_and_skip_nobody(world: World) -> None:
    """Whatever the order in which beds come, those who have waited longest have them, each one."""
    chance = random.Random(20260301)
    waiting = [chance.uniform(1, 300) for _ in range(VACANCIES + TOO_MANY)]
    await all_at_once((partial(world.join, waitlist="omm", days=days) for days in waiting), 8)
    begun = time.monotonic()
    await all_at_once((post(world, world.identifiers()) for _ in range(VACANCIES)), WORKERS)
    seconds = time.monotonic() - begun
    print(f"{VACANCIES} vacancies by {WORKERS} workers: {VACANCIES / seconds:.0f} decisions a second")  # noqa: T201 - asked for with -s
    offers = await world.offers("made")
    assert len({offer["vacancy_id"] for offer in offers}) == len(offers) == VACANCIES
    line = await world.rows("registry", select(entries.c.id).order_by(entries.c.waiting_since, entries.c.id))
    assert {offer["entry_id"] for offer in offers} == {row["id"] for row in line[:VACANCIES]}
    await each_service_keeps_its_own_rules(world)
    await every_decision_can_be_made_again(world)


@pytest.mark.timeout(600)
async def test_collisions_of_32_coordinators_reach_none_of_them(world: World) -> None:
    """Answers, returns and new beds at the same moment on one list: each is done, or refused by a rule."""
    chance = random.Random(20260301)
    for number in range(ANSWERING):
        await world.join(waitlist="omm", days=number)
    done = 0
    for _ in range(6):
        made = await world.rows("registry", select(offers_table).where(offers_table.c.state == "made"))
        work = [post(world, world.identifiers()) for _ in range(ANSWERING // 2)]
        for offer in made:
            answers = [partial(world.accept, offer["id"]), partial(world.decline, offer["id"])]
            work += [partial(_unless_refused, answer) for answer in chance.sample(answers, chance.randint(1, 2))]
        chance.shuffle(work)
        await all_at_once(work, ANSWERING)
        done += len(work)
    assert done > 6 * ANSWERING // 2
    await each_service_keeps_its_own_rules(world)
    await every_decision_can_be_made_again(world)


async def _unless_refused(answer: Callable[[], Awaitable[object]]) -> None:
    """A rule may refuse. That others were in the way is no answer, and neither is a database that is away."""
    try:
        await answer()
    except TransactionConflict:
        raise
    except (Conflict, NotFound):
        return
