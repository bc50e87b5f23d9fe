"""A permit: the right to categorical shelter ends, and the housing route opens, without waiting anew."""

from datetime import date
from uuid import UUID

from schemas.vocabulary import PermitKind, Programme, Purpose
from services.chassis.errors import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.entries import Line
from services.registry.domain.reflection import over_at, today
from services.registry.handlers import entries, reconsider
from services.registry.handlers.entitlement import follow_grounds
from services.registry.handlers.held import held_case
from services.registry.handlers.matching import Matchmaker
from services.registry.handlers.reports import HOUSING
from services.registry.store import cases, grounds


async def grant_permit(
    matchmaker: Matchmaker, unit: UnitOfWork, case_id: UUID, coordinator: str, kind: PermitKind, granted_on: date
) -> None:
    """Record a permit: the household joins the housing list, and leaves the list of categorical shelter.

    An open offer of categorical shelter is revoked and moves on in this transaction; whoever stays in a shelter stays
    until there is a home. Raises NotFound, or Conflict for a date in the future or a second permit.
    """
    await held_case(unit, case_id, coordinator)
    if granted_on > today(unit.now):
        raise Conflict("A permit is recorded on the day that it is granted, or later.")
    if await grounds.permit_of(unit, case_id) is not None:
        raise Conflict("This case has a permit already.")
    await grounds.add_permit(unit, case_id, kind, granted_on)
    await follow_grounds(unit, case_id)
    await join_housing(matchmaker, unit, case_id, coordinator)
    await cases.set_eligible_until(unit, case_id, Programme.COSM, unit.now)
    await reconsider.case_changed(matchmaker, unit, case_id, right_ends=True)


async def join_housing(matchmaker: Matchmaker, unit: UnitOfWork, case_id: UUID, coordinator: str) -> None:
    """Put a household with a permit onto the housing list, if facts may be passed on for that and it is not there.

    It waits there since the earliest moment that it has waited for anything, or since its permit when that is earlier.
    No law in print says from when a household waits for a home; so nobody loses time by having been in a shelter.
    """
    permit = await grounds.permit_of(unit, case_id)
    if permit is None or not await grounds.may_be_passed_on(unit, case_id, Purpose.HOUSING):
        return
    places = await cases.entries_of(unit, case_id)
    if any(place["waitlist"] == HOUSING and place["state"] not in ("withdrawn", "lapsed") for place in places):
        return
    granted_at = min(unit.now, over_at(permit["granted_on"]))
    await entries.join_waitlist(
        matchmaker,
        unit,
        case_id=case_id,
        coordinator=coordinator,
        waitlist=HOUSING,
        line=Line(min([granted_at, *(place["waiting_since"] for place in places)])),
    )
