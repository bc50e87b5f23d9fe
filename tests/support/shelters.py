"""Units as tests need them: with somebody in them, or two alike."""

from uuid import UUID

from services.shelters.tables import units
from tests.support.world import World


async def moved_in(world: World, days: float = 9, unit_id: UUID | None = None) -> UUID:
    """A unit in which a household lives: this one, or a new one."""
    await world.join(days=days)
    unit = unit_id or await world.add_unit()
    await world.post_bed(unit)
    await world.settle()
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    await world.arrive(unit)
    await world.settle()
    return unit


async def another(world: World, unit_id: UUID) -> UUID:
    """A second unit just like this one, which is out of service."""
    two = dict(await world.unit(unit_id)) | {"id": world.identifiers()}
    await world.run("shelters", lambda unit: unit.execute(units.insert().values(two)))
    return two["id"]
