"""What the registry does to a case by itself is in the audit log, and so in the processing log, on both databases."""

import json
from uuid import UUID

from sqlalchemy import select

from schemas.vocabulary import DeclineReason
from services.chassis.audit import Action, Result, write
from services.chassis.unit_of_work import UnitOfWork
from services.cli.simulation.acts import COORDINATOR
from services.registry.handlers import offers
from services.registry.handlers.offers import Answering
from services.registry.store.processing import Processing
from tests.support.cases import do, offered_bed
from tests.support.world import World


async def processed(world: World, case_id: UUID) -> list[str]:
    """What was done with the data of a case, in order."""
    service = world.services["registry"]
    await service.journal.sealing.work()
    entries = await world.run("registry", lambda unit: Processing(world.vault, "").of_case(unit, case_id))
    # Here nobody asked over HTTP for what puts somebody in line, so that is noted as well.
    return [entry.name for entry in entries if entry.name != "entry-waiting"]


async def test_an_offer_and_its_end_are_in_the_log_of_whose_it_was(world: World) -> None:
    """Made by itself, reminded of, and expired by itself, and made to the next: each for the one whom it was about."""
    first, second = await world.join(days=9), await world.join(days=5)
    await offered_bed(world)
    assert await processed(world, first.case_id) == ["offer-made"]
    assert await processed(world, second.case_id) == []
    await world.pass_time(hours=21)
    await world.pass_time(hours=3)
    assert await processed(world, first.case_id) == ["offer-made", "offer-made", "offer-expired"]
    assert await processed(world, second.case_id) == ["offer-made"]


async def test_what_shelters_report_is_in_the_log_of_who_lives_there(world: World) -> None:
    """Arrived and departed; the registry took over what it was told."""
    entry = await world.join()
    unit = await offered_bed(world)
    (offer,) = await world.offers("made")
    await world.accept(offer["id"])
    await world.settle()
    await world.arrive(unit)
    await world.settle()
    await world.depart(unit)
    await world.settle()
    names = await processed(world, entry.case_id)
    assert names[-2:] == ["offer-fulfilled", "placement-ended"]


async def test_a_warning_and_the_end_of_a_right_are_in_the_log(world: World) -> None:
    """What a timer does happens to somebody as well."""
    entry = await world.join()
    await world.pass_time(days=80)
    await world.pass_time(days=20)
    assert {"reflection-period-ending", "entry-lapsed"} <= set(await processed(world, entry.case_id))


async def test_what_follows_for_others_has_a_line_of_its_own(world: World) -> None:
    """Who was offered what another declined is not told of as if they had been asked for."""
    first, second = await world.join(days=9), await world.join(days=5)
    await offered_bed(world)
    (offer,) = await world.offers("made")
    audit, by = world.services["registry"].tables.audit, Answering(COORDINATOR)

    async def declined(unit: UnitOfWork) -> None:
        await offers.decline_offer(world.matchmaker, unit, offer["id"], by, DeclineReason.OTHER)
        await write(unit, audit, Action("declineOffer", Result.DONE, 200))

    await do(world, declined)
    rows = await world.rows("registry", select(audit.pending).order_by(audit.pending.c.id.desc()).limit(2))
    assert {row.action: json.loads(row.cases) for row in rows} == {
        "declineOffer": [str(first.case_id)],
        "offer-made": [str(second.case_id)],
    }
    assert [row.origin for row in rows] == ["api", "service"]
    assert await processed(world, first.case_id) == ["offer-made", "declineOffer"]
    assert await processed(world, second.case_id) == ["offer-made"]
