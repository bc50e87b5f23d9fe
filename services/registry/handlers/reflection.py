"""The reflection period: the right to categorical shelter runs with it, and ends with it."""

from datetime import date
from uuid import UUID

from schemas.vocabulary import Programme, ReflectionEnd
from services.chassis.database import Row
from services.chassis.errors import Conflict, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain import reflection as rules
from services.registry.handlers import reconsider
from services.registry.handlers.arrivals import household_gone
from services.registry.handlers.held import held_case
from services.registry.handlers.matching import Matchmaker
from services.registry.store import cases
from services.registry.store import grounds as store


async def start(matchmaker: Matchmaker, unit: UnitOfWork, case_id: UUID, coordinator: str, started_on: date) -> None:
    """A reflection period has begun. Raises NotFound, Refused, or Conflict for a second one: there is only one."""
    await held_case(unit, case_id, coordinator)
    rules.check_start(started_on, unit.now)
    if await store.reflection_period_of(unit, case_id) is not None:
        raise Conflict("There was a reflection period already: there is only one, and it is never extended.")
    last_day = rules.last_day_of(started_on)
    warning_days = matchmaker.programmes.at(Programme.COSM, unit.now).warning_days
    warn_at = rules.next_warning(last_day, warning_days, unit.now)
    await store.add_reflection_period(unit, case_id, started_on, last_day, warn_at)
    await cases.set_eligible_until(unit, case_id, Programme.COSM, rules.over_at(last_day))
    await reconsider.case_changed(matchmaker, unit, case_id)


async def end(
    matchmaker: Matchmaker, unit: UnitOfWork, case_id: UUID, coordinator: str, reason: ReflectionEnd, ended_on: date
) -> None:
    """It ended before its time: what waits for categorical shelter lapses.

    Of a household that left to nobody knows where, the bed comes free too. Raises NotFound, Refused or Conflict.
    """
    await held_case(unit, case_id, coordinator)
    period = await found(unit, case_id)
    if period["ended_on"] is not None:
        raise Conflict("This reflection period has ended already.")
    rules.check_end(period["started_on"], period["last_day"], reason, ended_on, unit.now)
    await store.end_reflection_period(unit, period["case_id"], reason, ended_on)
    if reason is ReflectionEnd.LEFT_UNKNOWN_DESTINATION:
        await household_gone(matchmaker, unit, case_id)
    await cases.set_eligible_until(unit, case_id, Programme.COSM, min(unit.now, rules.over_at(ended_on)))
    await reconsider.case_changed(matchmaker, unit, case_id, right_ends=True)


async def found(unit: UnitOfWork, case_id: UUID) -> Row:
    """The reflection period of a case. Raises NotFound."""
    period = await store.reflection_period_of(unit, case_id)
    if period is None:
        raise NotFound("This case has had no reflection period.")
    return period
