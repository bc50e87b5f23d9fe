"""What municipalities and the operator do with quotas, and what is seen of it, for tests over a world."""

from datetime import date, datetime

from sqlalchemy import select

from services.cli.simulation.acts import MUNICIPALITY
from services.municipalities.domain.census import CountedMunicipality
from services.municipalities.domain.half_year import HalfYear
from services.municipalities.domain.mergers import Merger
from services.municipalities.domain.quotas import Position, QuotaRules
from services.municipalities.handlers import claims as claim_handlers
from services.municipalities.handlers import municipalities, quotas
from services.municipalities.handlers.quotas import Standing
from services.municipalities.store import ledger as store
from services.registry.tables import entries
from tests.support.world import World

H1, H2 = HalfYear(2026, 1), HalfYear(2026, 2)
RULES = QuotaRules()
OTHER = "GM0363"


async def prepare(world: World, national: int = 100) -> None:
    """Two municipalities of the same size, and the quotas of 2026-H1: half of the national number each."""
    counted = [
        CountedMunicipality(code, code, "Utrecht", 1000, day, 2)
        for day in (date(2025, 1, 1), date(2026, 1, 1))
        for code in (MUNICIPALITY, OTHER)
    ]
    await world.run("municipalities", lambda unit: municipalities.import_populations(unit, counted))
    await set_quotas(world, H1, national)


async def set_quotas(world: World, half_year: HalfYear, national: int) -> None:
    await world.run("municipalities", lambda unit: quotas.set_quotas(unit, RULES, half_year, national))


async def swap(world: World, giver: str, taker: str, people: int) -> None:
    await world.run("municipalities", lambda unit: quotas.swap_quota(unit, giver, taker, H1, people))


async def merge(world: World, merger: Merger, name: str | None = None) -> None:
    await world.run("municipalities", lambda unit: municipalities.merge(unit, merger, name))


async def position(world: World, half_year: HalfYear, code: str = MUNICIPALITY, at: datetime | None = None) -> Position:
    """Where a municipality stands, or stood."""
    found = await world.run(
        "municipalities",
        lambda unit: store.positions(unit, at or unit.now, store.chosen(code, str(half_year))),
    )
    return found.get((str(half_year), code), Position())


async def standing(world: World, half_year: HalfYear, code: str = MUNICIPALITY) -> Standing:
    """The same, with the yardstick and the ladder."""
    found = await world.run("municipalities", lambda unit: quotas.all_standings(unit, half_year, unit.now))
    return next(item for item in found if item.municipality_code == code)


async def claimed(world: World) -> claim_handlers.Claim:
    """A household of one that accepted a slot, and was claimed."""
    await world.join(waitlist="housing", days=40)
    slot = await world.open_slot()
    await world.settle()
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    claim = await world.claim(slot.id)
    await world.settle()
    return claim


async def housed(world: World) -> claim_handlers.Claim:
    """The same, and they have moved in."""
    claim = await claimed(world)
    await world.house(claim.id)
    await world.settle()
    return claim


async def entry_states(world: World) -> list[str]:
    rows = await world.rows("registry", select(entries.c.state).order_by(entries.c.id))
    return [row["state"] for row in rows]
