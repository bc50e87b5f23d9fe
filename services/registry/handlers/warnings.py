"""What is said before it is too late: that a reflection period ends soon."""

from datetime import datetime

from schemas.vocabulary import Programme
from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.reflection import next_warning, over_at
from services.registry.handlers import messages
from services.registry.handlers.matching import Matchmaker
from services.registry.store import grounds
from services.registry.store import warnings as store

BATCH = 100


async def periods_ending(matchmaker: Matchmaker, unit: UnitOfWork) -> datetime | None:
    """Warn coordinators whose case's reflection period ends soon; gives the moment when that is next due.

    In a transaction of its own that holds nothing but the periods. Safe in any number of replicas: whoever holds a
    period warns of it, and sets when that is due next. What was missed is said once, not once for each day missed.
    """
    days = matchmaker.programmes.at(Programme.COSM, unit.now).warning_days
    for period in await store.warnings_due(unit, BATCH):
        warnings = period["warnings"]
        if await _matters(unit, period):
            warnings += 1
            unit.by_itself[period["person_id"]] = "reflection-period-ending"
            await messages.record_reflection_period_ending(
                matchmaker.references,
                unit,
                case_id=period["person_id"],
                recipient=period["coordinator"],
                version=warnings,
            )
        later = next_warning(period["last_day"], days, unit.now)
        await store.set_warning(unit, period["case_id"], later, warnings)
    return await store.next_warning_at(unit)


async def _matters(unit: UnitOfWork, period: Row) -> bool:
    """Whether it still runs, is the one that counts for this person, and they may still need what it gives."""
    if period["ended_on"] is not None or over_at(period["last_day"]) <= unit.now:
        return False
    counts = await grounds.reflection_period_of(unit, period["person_id"])
    if counts is None or counts["case_id"] != period["case_id"]:
        return False
    if await grounds.permit_of(unit, period["person_id"]) is not None:
        return False
    return not await store.has_left_categorical_shelter(unit, period["person_id"])
