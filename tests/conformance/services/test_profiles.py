"""The profiles that a process remembers are those that are stored."""

from dataclasses import replace

import pytest

from services.chassis.unit_of_work import UnitOfWork
from services.cli.simulation.acts import HOUSEHOLD
from services.registry.domain.model import Profile
from services.registry.store.waitlists import WaitlistStore
from tests.support.world import World

PAIR, THREE, FOUR = (replace(HOUSEHOLD, adults=adults) for adults in (2, 3, 4))


class ConnectionLost(Exception):
    """Stands for whatever ends a transaction."""


async def add(world: World, lists: WaitlistStore, profile: Profile, *, fails: bool = False) -> None:
    """In one transaction: somebody unlike all who stood here before, and a second look at the list."""

    async def work(unit: UnitOfWork) -> None:
        waitlist = (await lists.lock(unit, ["omm"]))["omm"]
        await lists.profile_id(unit, waitlist, profile)
        again = (await lists.lock(unit, ["omm"]))["omm"]
        assert profile in again.profiles.values()
        if fails:
            raise ConnectionLost

    await world.run("registry", work)


async def known(world: World, lists: WaitlistStore) -> set[Profile]:
    """Whom a process sees that holds the list."""

    async def work(unit: UnitOfWork) -> set[Profile]:
        return set((await lists.lock(unit, ["omm"]))["omm"].profiles.values())

    return await world.run("registry", work)


async def test_what_was_rolled_back_hides_nobody(world: World) -> None:
    """Another replica adds as many as were rolled back here: the count is what it was, and yet they are seen."""
    here, elsewhere = WaitlistStore(), WaitlistStore()
    await add(world, here, PAIR)
    with pytest.raises(ConnectionLost):
        await add(world, here, THREE, fails=True)
    await add(world, elsewhere, FOUR)
    assert await known(world, here) == await known(world, elsewhere) == {PAIR, FOUR}
