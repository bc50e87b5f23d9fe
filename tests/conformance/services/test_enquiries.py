"""What a provider sees of the enquiries to it, on both databases."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from schemas.access import ACCESS
from schemas.api.shelters import Enquiries, EnquiriesQuery
from schemas.vocabulary import EnquiryEndReason, EnquiryRefusal, Programme
from services.chassis.identity import Principal, Role
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call
from services.cli.simulation.acts import HOUSEHOLD
from services.registry.domain.model import Entry
from services.shelters.routes.enquiries import get_enquiries
from tests.support.world import World

REFUSAL = EnquiryRefusal.NOT_SUITABLE

Ending = Callable[[World, UUID, Entry], Awaitable[object]]


async def asked(world: World) -> tuple[UUID, Entry]:
    """A unit of a provider that is asked whether it takes a household, and the household's entry."""
    entry = await world.join(waitlist="vo")
    unit = await world.add_unit(programme=Programme.VO)
    await world.post_bed(unit)
    await world.settle()
    return unit, entry


async def grow(world: World, entry: Entry) -> None:
    """The household is larger than was known: too large for the unit."""
    await world.change(entry.case_id, replace(HOUSEHOLD, children=4))


async def seen(world: World, unit_id: UUID, state: str) -> Sequence[EnquiryEndReason | None]:
    """Why the enquiries in this state ended, as the unit's provider sees it."""
    owner = (await world.unit(unit_id))["organisation"]
    principal = Principal("system", owner, Role.PROVIDER, frozenset())
    query = EnquiriesQuery.model_validate({"state": state})
    call = Call(principal, None, {}, query, {}, "request", None, world.clock(), ACCESS["shelters"]["listEnquiries"])

    async def read(unit: UnitOfWork) -> Sequence[EnquiryEndReason | None]:
        body = (await get_enquiries(call, unit)).body
        assert isinstance(body, Enquiries)
        return [enquiry.end_reason for enquiry in body.enquiries]

    return await world.services["shelters"].transactions.read(read)


ENDS: dict[str, tuple[Ending, str, str]] = {
    "nobody answers": (lambda world, *_: world.pass_time(hours=31), "ended", "unanswered"),
    "the bed is gone": (lambda world, unit, _: world.withdraw_bed(unit), "ended", "vacancy_gone"),
    "the household grows": (lambda world, _, entry: grow(world, entry), "ended", "household_no_longer_meant"),
    "the provider refuses": (lambda world, unit, _: world.answer(unit, REFUSAL), "refused", "refused"),
}


@pytest.mark.parametrize("how", ENDS)
async def test_a_provider_sees_why_an_enquiry_ended(world: World, how: str) -> None:
    """And nothing of that while it is open."""
    end, state, reason = ENDS[how]
    unit, entry = await asked(world)
    assert await seen(world, unit, "open") == [None]
    await end(world, unit, entry)
    await world.settle()
    assert await seen(world, unit, state) == [reason]


async def test_a_household_that_grows_while_the_provider_agrees_leaves_a_reason(world: World) -> None:
    """The answer stays what it was; that nobody comes is told beside it."""
    unit, entry = await asked(world)
    await world.answer(unit)
    await grow(world, entry)
    await world.settle()
    assert await seen(world, unit, "agreed") == ["household_no_longer_meant"]
