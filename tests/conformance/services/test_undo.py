"""Answers that are taken back, on both databases."""

from uuid import UUID

import pytest
from sqlalchemy import select

from schemas.vocabulary import DeclineReason, Programme, UndoReason
from services.chassis.errors import Conflict
from services.registry.handlers import offers as handlers
from services.registry.tables import cases
from tests.support.world import World


async def undo(world: World, offer_id: UUID) -> None:
    reason, by = UndoReason.MISTAKE, handlers.Answering("coordination")
    await world.run("registry", lambda unit: handlers.undo_answer(world.matchmaker, unit, offer_id, by, reason))


async def test_a_refusal_can_be_taken_back_while_nothing_depends_on_it(world: World) -> None:
    """The vacancy is offered again, as a new offer; the old one says that it was undone, and why."""
    entry = await world.join(days=9)
    unit = await world.add_unit()
    await world.post_bed(unit)
    await world.settle()
    (offer,) = await world.offers("made")
    await world.decline(offer["id"], DeclineReason.UNREACHABLE)
    await world.settle()
    await undo(world, offer["id"])
    declined, made = await world.offers()
    assert (declined["state"], declined["undone"]) == ("declined", "mistake")
    assert (made["state"], made["entry_id"]) == ("made", entry.id)
    await world.settle()
    assert (await world.unit(unit))["offer_id"] == made["id"]
    with pytest.raises(Conflict, match="already"):
        await undo(world, offer["id"])


async def test_what_a_refusal_excluded_is_excluded_no_longer_when_it_is_taken_back(world: World) -> None:
    """It was a mistake: the same place is offered again, and so is what else that facility has."""
    entry = await world.join(days=9)
    await world.post_bed(await world.add_unit())
    await world.settle()
    (offer,) = await world.offers("made")
    await world.decline(offer["id"], DeclineReason.UNSAFE)
    await undo(world, offer["id"])
    (made,) = await world.offers("made")
    assert (made["entry_id"], made["vacancy_id"]) == (entry.id, offer["vacancy_id"])
    (case,) = await world.rows("registry", select(cases))
    assert "excludedFacilities" not in case["profile"]
    await world.settle()


async def test_a_provider_that_agreed_is_not_asked_again_when_a_refusal_is_taken_back(world: World) -> None:
    """It said yes to this very household."""
    await world.join(waitlist="vo")
    unit = await world.add_unit(programme=Programme.VO)
    await world.post_bed(unit)
    await world.settle()
    await world.answer(unit)
    await world.settle()
    (offer,) = await world.offers("made")
    await world.decline(offer["id"])
    await world.settle()
    await undo(world, offer["id"])
    await world.settle()
    (made,) = await world.offers("made")
    assert (await world.unit(unit))["offer_id"] == made["id"]
    await world.accept(made["id"])
    await world.settle()
    assert (await world.unit(unit))["state"] == "reserved"


async def test_a_refusal_stands_once_the_vacancy_has_gone_to_the_next(world: World) -> None:
    """Nobody loses an offer because somebody else changed their mind."""
    await world.join(days=9)
    second = await world.join(days=5)
    await world.post_bed(await world.add_unit())
    await world.settle()
    (offer,) = await world.offers("made")
    await world.decline(offer["id"])
    with pytest.raises(Conflict, match="moved on"):
        await undo(world, offer["id"])
    assert (await world.offers("made"))[0]["entry_id"] == second.id
