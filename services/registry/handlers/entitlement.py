"""What the law asks before a household may stand in a list, and until when it may."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from schemas.vocabulary import ListKind, Purpose
from schemas.vocabulary import Programme as Shelter
from services.chassis.errors import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain import entries
from services.registry.domain.model import EntryState, Lack, Offer, OfferState
from services.registry.domain.programmes import Programme
from services.registry.domain.reflection import over_at
from services.registry.store import cases, grounds


async def check_consent(unit: UnitOfWork, case_id: UUID, purpose: Purpose) -> None:
    """Raises Conflict when nothing of this case may be passed on for this purpose: it is registered only."""
    if not await grounds.may_be_passed_on(unit, case_id, purpose):
        raise Conflict(f"There is no consent to pass anything on for {purpose}: this case is registered only.")


async def lacks_of(unit: UnitOfWork, case_id: UUID) -> dict[ListKind, frozenset[Lack]]:
    """What a case lacks of what lists of each kind may ask for.

    A case of before consent was recorded has none on record, and lacks none.
    """
    recorded = await grounds.consents_of(unit, case_id)
    given = {row["purpose"] for row in recorded if row["withdrawn_at"] is None}
    permit = {Lack.PERMIT} if await grounds.permit_of(unit, case_id) is None else set[Lack]()
    consent = {kind: {Lack.CONSENT} if recorded and Purpose(kind) not in given else set[Lack]() for kind in ListKind}
    return {kind: frozenset(permit | consent[kind]) for kind in ListKind}


async def follow_grounds(unit: UnitOfWork, case_id: UUID) -> None:
    """Note with each live place of a held case what it lacks now."""
    for kind, lacks in (await lacks_of(unit, case_id)).items():
        await cases.set_lacks(unit, case_id, kind, lacks)


async def leave_without_ground(unit: UnitOfWork, over: Sequence[Offer]) -> None:
    """Who comes back into line because what they accepted fell through, and may no longer be passed on, leaves it.

    What was accepted stays when consent is withdrawn, so this is the first moment to follow that.
    """
    for offer in over:
        fell_through = offer.state is OfferState.FELL_THROUGH and offer.entry.state is EntryState.WAITING
        if fell_through and not await grounds.may_be_passed_on(unit, offer.entry.case_id, Purpose(offer.kind)):
            entries.withdraw(offer.entry)


async def may_stand(
    unit: UnitOfWork, case_id: UUID, kind: ListKind, programme: Programme, *, joined_before_consent: bool = False
) -> bool:
    """Whether a case may go on standing in a list: with consent, and a permit if the list asks for one."""
    if not joined_before_consent and not await grounds.may_be_passed_on(unit, case_id, Purpose(kind)):
        return False
    return not programme.requires_permit or await grounds.permit_of(unit, case_id) is not None


async def right_ends_at(unit: UnitOfWork, case_id: UUID, programme: Programme) -> datetime | None:
    """When the right to this list ends; None when nothing that is recorded ends it.

    Categorical shelter is for the reflection period and ends with a permit; who has no period yet may stand in line,
    and is passed over until one runs. Raises Conflict when the right has ended, or there is none without a permit.
    """
    if programme.requires_permit and await grounds.permit_of(unit, case_id) is None:
        raise Conflict("There is no permit on record: record it, and the household joins this list by that.")
    if programme.waitlist != Shelter.COSM:
        return None
    until = await right_of(unit, case_id)
    if until is not None and until <= unit.now:
        raise Conflict(
            "The right to categorical shelter is over: there is a permit, or the reflection period has ended."
        )
    return until


async def right_of(unit: UnitOfWork, case_id: UUID) -> datetime | None:
    """When the right to categorical shelter ends or has ended; None when nothing that is recorded ends it."""
    if await grounds.permit_of(unit, case_id) is not None:
        return unit.now
    period = await grounds.reflection_period_of(unit, case_id)
    if period is None:
        return None
    return min(unit.now, over_at(period["ended_on"])) if period["ended_on"] else over_at(period["last_day"])
