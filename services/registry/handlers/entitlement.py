"""What the law asks before a household may stand in a list, and until when it may."""

from datetime import datetime
from uuid import UUID

from schemas.vocabulary import Programme, Purpose
from services.chassis.errors import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.reflection import over_at
from services.registry.store import grounds


async def check_consent(unit: UnitOfWork, case_id: UUID, purpose: Purpose) -> None:
    """Raises Conflict when nothing of this case may be passed on for this purpose: it is registered only."""
    if not await grounds.may_be_passed_on(unit, case_id, purpose):
        raise Conflict(f"There is no consent to pass anything on for {purpose}: this case is registered only.")


async def right_ends_at(unit: UnitOfWork, case_id: UUID, waitlist: str) -> datetime | None:
    """When the right to this list ends; None when nothing that is recorded ends it.

    Categorical shelter is for the reflection period and ends with a permit. A case of which no period is recorded may
    join: who is entitled is checked by people, and what they recorded is enforced. Raises Conflict when the right has
    ended.
    """
    if waitlist != Programme.COSM:
        return None
    if await grounds.permit_of(unit, case_id) is not None:
        raise Conflict("With a permit the right to categorical shelter has ended; the housing list is open.")
    period = await grounds.reflection_period_of(unit, case_id)
    if period is None:
        return None
    until = over_at(period["ended_on"] or period["last_day"])
    if period["ended_on"] is not None or until <= unit.now:
        raise Conflict("The reflection period has ended, and with it the right to categorical shelter.")
    return until
