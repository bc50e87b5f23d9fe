"""Who has waited equally long is told apart by lot, on both databases."""

import hashlib
import hmac

import pytest

from services.chassis.errors import Conflict, NotFound
from services.registry.domain.draw import NO_LOT, TOO_LATE
from services.registry.domain.model import Entry
from services.registry.handlers import draws
from tests.support.world import World

SEED = b"a seed that nobody could foresee"
PEOPLE = 6


async def begin(world: World, waitlist: str = "cosm", seed: bytes = SEED) -> None:
    await world.run("registry", lambda unit: draws.commit(world.matchmaker, unit, waitlist, seed))


def drawn(entry: Entry) -> bytes:
    ticket = hashlib.sha256(entry.case_id.bytes).digest()[:16]
    return hmac.new(SEED, ticket, hashlib.sha256).digest()


async def test_beds_go_by_lot_to_those_who_have_waited_equally_long(world: World) -> None:
    """Each next bed to the next lot; who came before the draw, or has waited longer, stands before all of them."""
    await begin(world)
    people = [await world.join() for _ in range(PEOPLE)]
    earlier = await world.join(days=1)
    expected = [earlier.id, *(entry.id for entry in sorted(people, key=drawn))]
    assert expected != [earlier.id, *(entry.id for entry in people)], "by lot is not by order of coming"
    for _ in expected:
        await world.post_bed(await world.add_unit())
        await world.settle()
        world.clock.forward(seconds=1)
    offers = sorted(await world.offers("made"), key=lambda offer: offer["made_at"])
    assert [offer["entry_id"] for offer in offers] == expected


async def test_who_leaves_and_comes_back_has_the_same_lot(world: World) -> None:
    """There is nothing to be won by it."""
    await begin(world)
    first = await world.join()
    await world.leave(first.id)
    assert (await world.join(case_id=first.case_id)).lot == first.lot != NO_LOT


async def test_who_comes_after_a_draw_stands_behind_all_who_drew(world: World) -> None:
    """Whatever they say since when they wait, to wait for its end wins nothing. Who came before it stays before."""
    before = await world.join()
    draw = await world.run("registry", lambda unit: draws.commit(world.matchmaker, unit, "cosm", SEED))
    during = await world.join()
    await world.run("registry", lambda unit: draws.publish(world.matchmaker, unit, draw.id))
    after = await world.join()
    for _ in range(3):
        await world.post_bed(await world.add_unit())
        await world.settle()
        world.clock.forward(seconds=1)
    offers = sorted(await world.offers("made"), key=lambda offer: offer["made_at"])
    assert [offer["entry_id"] for offer in offers] == [before.id, during.id, after.id]


async def test_no_lot_without_a_draw(world: World) -> None:
    """A draw is of one list, and over once its seed is public."""
    await begin(world, "omm")
    assert (await world.join()).lot == NO_LOT
    draw = await world.run("registry", lambda unit: draws.commit(world.matchmaker, unit, "cosm", SEED))
    await world.run("registry", lambda unit: draws.publish(world.matchmaker, unit, draw.id))
    assert (await world.join()).lot == TOO_LATE
    with pytest.raises(Conflict, match="published already"):
        await world.run("registry", lambda unit: draws.publish(world.matchmaker, unit, draw.id))


async def test_one_draw_at_a_time(world: World) -> None:
    """A second seed beside the first would let somebody choose."""
    await begin(world)
    with pytest.raises(Conflict, match="publish that first"):
        await begin(world, seed=b"another")
    with pytest.raises(NotFound):
        await begin(world, "unheard-of")
