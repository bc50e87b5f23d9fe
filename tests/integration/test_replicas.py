"""Several replicas of the registry on one PostgreSQL, answering, expiring and matching at the same moment."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import func, select

from services.chassis.errors import Conflict, NotFound, Unavailable
from tests.support.invariants import check_everything
from tests.support.templates import postgresql_copy
from tests.support.world import World

REPLICAS, BEDS, PEOPLE, ROUNDS = 3, 12, 40, 6


@pytest.fixture
async def replicas(postgres_url: str, postgresql_template: dict[str, str]) -> AsyncIterator[list[World]]:
    """The same databases through connections, caches and clocks of three processes."""
    async with AsyncExitStack() as stack:
        urls = await stack.enter_async_context(postgresql_copy(postgres_url, postgresql_template))
        worlds = [World(urls) for _ in range(REPLICAS)]
        for world in worlds:
            stack.push_async_callback(world.close)
            world.clock = worlds[0].clock
            world.identifiers = worlds[0].identifiers
            for service in world.services.values():
                service.transactions.clock = worlds[0].clock
                service.transactions.identifiers = worlds[0].identifiers
        yield worlds


async def refused_or_done(work: Awaitable[object]) -> bool:
    """Whether it was done; a refusal is the other good answer."""
    try:
        await work
    except (Conflict, NotFound):
        return False
    return True


async def deliver(world: World, chance: random.Random) -> None:
    """Carry everything that waits, in any order; another replica may be carrying the same at this moment."""
    world.post.chance, world.post.duplicates = chance, 1
    for service in world.services.values():
        await world.carry(service.name)


async def test_replicas_never_give_a_bed_twice_and_never_skip_anyone(replicas: list[World]) -> None:
    """Everything at once, many times, and at the end every invariant holds."""
    chance = random.Random(20260301)
    first = replicas[0]
    units = [await first.add_unit(places=1 + number % 3) for number in range(BEDS)]
    await asyncio.gather(*(chance.choice(replicas).join(days=number % 9) for number in range(PEOPLE)))
    for _ in range(ROUNDS):
        offers = await first.offers("made")
        work: list[Awaitable[bool]] = []
        for offer in offers:
            # Two replicas answer the same offer at once: one of them wins.
            for world in chance.sample(replicas, 2):
                answer = chance.choice([world.accept, world.decline])
                work.append(refused_or_done(answer(offer["id"])))
        for unit in chance.sample(units, 6):
            work += [refused_or_done(chance.choice(replicas).post_bed(unit))]
            work += [refused_or_done(chance.choice(replicas).withdraw_bed(unit))]
        chance.shuffle(work)
        await asyncio.gather(*work, *(refused_or_done(deliver(world, chance)) for world in replicas))
        first.clock.forward(hours=chance.choice([1, 30]))
        await asyncio.gather(*(timer.work() for world in replicas for timer in world.services["registry"].parts.timers))
    await first.settle()
    await check_everything(first)
    assert len(await first.offers()) > BEDS


async def test_of_two_answers_at_the_same_moment_one_wins(replicas: list[World]) -> None:
    """Accept against decline against the deadline: the database decides, once."""
    first, second, third = replicas
    await first.join(days=2)
    await first.join(days=1)
    for _ in range(10):
        unit = await first.add_unit()
        await first.post_bed(unit)
        await first.settle()
        offer = (await first.offers("made"))[0]["id"]
        answers = await asyncio.gather(
            refused_or_done(first.accept(offer)),
            refused_or_done(second.decline(offer)),
            refused_or_done(third.accept(offer)),
        )
        assert sum(answers) == 1
        await first.settle()
        await first.withdraw_bed(unit)
        await first.settle()
    await check_everything(first)


async def test_two_replicas_expire_an_offer_once(replicas: list[World]) -> None:
    """Every replica has the timer; the deadline has one effect."""
    first = replicas[0]
    await first.join(days=2)
    await first.join(days=1)
    await first.post_bed(await first.add_unit())
    await first.settle()
    first.clock.forward(hours=24)
    await asyncio.gather(*(timer.work() for world in replicas for timer in world.services["registry"].parts.timers))
    await first.settle()
    assert [offer["state"] for offer in await first.offers()] == ["expired", "made"]
    await check_everything(first)


async def test_a_lost_database_is_said_to_be_lost(replicas: list[World]) -> None:
    """Nothing is half done: the transaction fails as a whole, as Unavailable, and works again afterwards."""
    first = replicas[0]
    database = first.services["registry"].transactions.database
    assert database.is_postgresql

    async def interrupted() -> None:
        async with database.transaction() as connection:
            await connection.execute(select(func.pg_terminate_backend(func.pg_backend_pid())))

    with pytest.raises(Unavailable):
        await interrupted()
    await first.join()
