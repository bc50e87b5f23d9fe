"""A case that is about to change: held, so that nobody else changes it, nor puts it into a list, meanwhile."""

from uuid import UUID

from services.chassis.database import Row
from services.chassis.errors import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.households import profile_of
from services.registry.domain.model import Profile
from services.registry.handlers import reconsider
from services.registry.handlers.matching import Matchmaker
from services.registry.store import cases as store
from services.registry.store import households
from services.registry.store.codec import decode_profile


async def held_case(unit: UnitOfWork, case_id: UUID, coordinator: str | None) -> Row:
    """Hold one of this coordinator's cases; with None, anyone's.

    What follows is for everyone: what was merged into the case, and others in line, may be someone else's. Raises
    NotFound, or Conflict for one that was merged into another.
    """
    await store.find_case(unit, case_id, coordinator)
    await unit.widen()
    case = await store.hold_case(unit, case_id)
    if case["merged_into"] is not None:
        raise Conflict("This case was merged into another one: use that, or undo the merger.")
    return case


async def changed(matchmaker: Matchmaker, unit: UnitOfWork, case_id: UUID) -> None:
    """Derive the profile of a held case anew, and let everything follow that follows from it.

    Where they live and what is wrong for them only now, the coordinator and the helpdesk are told.
    """
    change = await _derived(unit, case_id)
    await reconsider.case_changed(matchmaker, unit, case_id, change=change)


async def derive_profile(unit: UnitOfWork, case_id: UUID) -> Profile:
    """Derive the profile of a held case anew from what is known of it, and store it."""
    _, profile = await _derived(unit, case_id)
    return profile


async def _derived(unit: UnitOfWork, case_id: UUID) -> tuple[Profile, Profile]:
    """The profile that was stored, and the one that is by this."""
    case = await store.hold_case(unit, case_id)
    profile = profile_of(await households.household_of(unit, case))
    await store.set_profile(unit, case_id, profile)
    return decode_profile(case["profile"]), profile
