"""Of a home no more is known than its municipality: who must not be there is not offered it, on both databases."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from schemas.vocabulary import Region
from services.cli.simulation.acts import HOUSEHOLD, MUNICIPALITY
from services.municipalities.domain.mergers import Merger
from services.registry.tables import vacancies
from tests.support.quotas import merge
from tests.support.world import World


@pytest.mark.parametrize(("province", "is_safe"), [("Limburg", False), ("Utrecht", True), (None, False)])
async def test_a_region_that_is_not_safe_is_not_safe_to_live_in(
    world: World,
    province: str | None,
    is_safe: bool,  # noqa: FBT001 - a case
) -> None:
    """A home tells in which regions it may lie; of which nothing is known may be anywhere."""
    entry = await world.join(replace(HOUSEHOLD, excluded_regions=frozenset({Region.LIMBURG})), waitlist="housing")
    await world.add_municipality(province=province)
    await world.open_slot()
    await world.settle()
    assert [offer["entry_id"] for offer in await world.offers("made")] == ([entry.id] if is_safe else [])
    (vacancy,) = await world.rows("registry", select(vacancies))
    assert ("mayLieIn" in vacancy["terms"]) == (province is not None)


async def test_a_home_in_what_has_become_part_of_another_municipality_is_as_unsafe_as_before(world: World) -> None:
    """Who must not be in one of them, or in what they become, is offered no home there; what was is revoked."""
    for code in (MUNICIPALITY, "GM0001"):
        await world.add_municipality(code)
    old, new, anywhere = [await world.join(waitlist="housing", days=days) for days in (9, 5, 1)]
    for entry, code in ((old, "GM0001"), (new, "GM1992")):
        household = replace(HOUSEHOLD, excluded_municipalities=frozenset({code}))
        await world.change(entry.case_id, household)
    await world.open_slot()
    await world.settle()
    assert (await world.offers("made"))[0]["entry_id"] == old.id
    await merge(world, Merger((MUNICIPALITY, "GM0001"), "GM1992", world.clock().date()), "New")
    await world.settle()
    assert [(offer["state"], offer["reason"]) for offer in await world.offers("revoked")] == [
        ("revoked", "excluded-place")
    ]
    assert (await world.offers("made"))[0]["entry_id"] == anywhere.id
