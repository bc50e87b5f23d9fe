"""On what grounds a case is known and facts about it may be passed on: reports, consents, periods, permits."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Table, bindparam, insert, select, update

from schemas.vocabulary import LegalBasis, PermitKind, Purpose, Referrer, ReflectionEnd
from services.chassis.database import Insertion, Row, one_of
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.registry.store.families import FAMILY
from services.registry.tables import consents, permits, referrals, reflection_periods

_INSERT_REFERRALS = Insertion(referrals)
_INSERT_CONSENTS = Insertion(consents)


def _of_family(table: Table) -> Select[Any]:
    return select(table).where(table.c.case_id.in_(FAMILY))


_REFERRALS = _of_family(referrals).order_by(referrals.c.id)
_CONSENTS = _of_family(consents).order_by(consents.c.id)
_RUNNING_CONSENT = _of_family(consents).where(
    consents.c.purpose == bindparam("purpose"), consents.c.withdrawn_at.is_(None)
)
_FIRST_PERIOD = (
    _of_family(reflection_periods).order_by(reflection_periods.c.started_on, reflection_periods.c.case_id).limit(1)
)
_FIRST_PERMIT = _of_family(permits).order_by(permits.c.granted_on, permits.c.case_id).limit(1)


async def add_referrals(unit: UnitOfWork, rows: Sequence[Mapping[str, object]]) -> None:
    """Store reports. `referrals_once` refuses a report that was taken before; see `known_references`."""
    await unit.write(_INSERT_REFERRALS, rows)


_KNOWN_REFERENCES = select(referrals.c.referrer, referrals.c.reference).where(
    referrals.c.organisation == bindparam("whose"), one_of(referrals.c.reference, "references")
)


async def known_references(
    unit: UnitOfWork, organisation: str, references: Collection[UUID]
) -> set[tuple[Referrer, UUID]]:
    """Which of these reports this organisation has taken before."""
    if not references:
        return set()
    rows = await unit.execute(_KNOWN_REFERENCES, {"whose": organisation, "references": references})
    return {(Referrer(row.referrer), row.reference) for row in rows}


async def referrals_of(unit: UnitOfWork, case_id: UUID) -> Sequence[Row]:
    """The reports about a case and about those that were merged into it, the oldest first."""
    return await unit.execute(_REFERRALS, {"family": case_id})


async def add_consents(
    unit: UnitOfWork, case_id: UUID, purposes: Sequence[Purpose], legal_basis: LegalBasis, given_at: datetime
) -> list[UUID]:
    """Store from when on, and on what ground, facts may be passed on for these purposes; gives the consents' ids."""
    same = {"case_id": case_id, "legal_basis": legal_basis, "given_at": given_at, "withdrawn_at": None}
    ids = [unit.identifiers() for _ in purposes]
    rows = [same | {"id": id_, "purpose": purpose} for id_, purpose in zip(ids, purposes, strict=True)]
    await unit.write(_INSERT_CONSENTS, rows)
    return ids


async def withdraw_consents(unit: UnitOfWork, case_id: UUID, purpose: Purpose) -> None:
    """From now on nothing of this case is passed on for this purpose, under whichever case it was once allowed."""
    running = (consents.c.case_id.in_(FAMILY), consents.c.purpose == purpose, consents.c.withdrawn_at.is_(None))
    await unit.execute(update(consents).where(*running).values(withdrawn_at=unit.now), {"family": case_id})


async def consents_of(unit: UnitOfWork, case_id: UUID) -> Sequence[Row]:
    """Every consent of a case and of those that were merged into it, the oldest first, also what was withdrawn."""
    return await unit.execute(_CONSENTS, {"family": case_id})


async def find_consent(unit: UnitOfWork, case_id: UUID, consent_id: UUID) -> Row:
    """A consent of this case. Raises NotFound."""
    row = (await unit.execute(_CONSENTS.where(consents.c.id == consent_id), {"family": case_id})).one_or_none()
    if row is None:
        raise NotFound("There is no such consent in this case.")
    return row


async def may_be_passed_on(unit: UnitOfWork, case_id: UUID, purpose: Purpose) -> bool:
    """Whether there is a ground to pass facts about this case on for this purpose."""
    return bool(await unit.execute(_RUNNING_CONSENT, {"family": case_id, "purpose": purpose}))


_INSERT_PERIOD = insert(reflection_periods)


async def add_reflection_period(
    unit: UnitOfWork, case_id: UUID, started_on: date, last_day: date, warn_at: datetime | None
) -> None:
    """Store that a reflection period began. Raises UniqueViolation when the case ever had one."""
    row = {"case_id": case_id, "started_on": started_on, "last_day": last_day, "warn_at": warn_at}
    await unit.execute(_INSERT_PERIOD, row)


async def end_reflection_period(unit: UnitOfWork, case_id: UUID, reason: ReflectionEnd, ended_on: date) -> None:
    """Store how it ended before its time; nobody is warned of that any more."""
    changed = update(reflection_periods).where(reflection_periods.c.case_id == case_id)
    await unit.execute(changed.values(ended_on=ended_on, end_reason=reason, warn_at=None))


async def reflection_period_of(unit: UnitOfWork, case_id: UUID) -> Row | None:
    """The reflection period of a case, if it ever had one.

    There is one for each person: of cases that turned out to be one person, the period that began first counts.
    """
    return (await unit.execute(_FIRST_PERIOD, {"family": case_id})).first()


_INSERT_PERMIT = insert(permits)


async def add_permit(unit: UnitOfWork, case_id: UUID, kind: PermitKind, granted_on: date) -> None:
    """Store that a permit was granted. Raises UniqueViolation when one was stored before."""
    await unit.execute(_INSERT_PERMIT, {"case_id": case_id, "kind": kind, "granted_on": granted_on})


async def permit_of(unit: UnitOfWork, case_id: UUID) -> Row | None:
    """The permit of a case, or of one that was merged into it; the first, if there are several."""
    return (await unit.execute(_FIRST_PERMIT, {"family": case_id})).first()
