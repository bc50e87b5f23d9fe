"""On what grounds a case is known and facts about it may be passed on: reports, consents, periods, permits."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Table, insert, select, update

from schemas.vocabulary import LegalBasis, PermitKind, Purpose, Referrer, ReflectionEnd
from services.chassis.database import Insertion, Row, among
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.registry.store.families import family_of
from services.registry.tables import consents, permits, referrals, reflection_periods

_INSERT_REFERRALS = Insertion(referrals)
_INSERT_CONSENTS = Insertion(consents)


async def add_referrals(unit: UnitOfWork, rows: Sequence[Mapping[str, object]]) -> None:
    """Store reports. `referrals_once` refuses a report that was taken before; see `known_references`."""
    await unit.write(_INSERT_REFERRALS, rows)


async def known_references(
    unit: UnitOfWork, organisation: str, references: Collection[UUID]
) -> set[tuple[Referrer, UUID]]:
    """Which of these reports this organisation has taken before."""
    if not references:
        return set()
    mine = among(unit.connection, referrals.c.reference, list(references))
    query = select(referrals.c.referrer, referrals.c.reference).where(referrals.c.organisation == organisation, mine)
    return {(Referrer(row.referrer), row.reference) for row in await unit.execute(query)}


async def referrals_of(unit: UnitOfWork, case_id: UUID) -> Sequence[Row]:
    """The reports about a case and about those that were merged into it, the oldest first."""
    return await unit.execute(select(referrals).where(_in_family(referrals, case_id)).order_by(referrals.c.id))


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
    running = (_in_family(consents, case_id), consents.c.purpose == purpose, consents.c.withdrawn_at.is_(None))
    await unit.execute(update(consents).where(*running).values(withdrawn_at=unit.now))


async def consents_of(unit: UnitOfWork, case_id: UUID) -> Sequence[Row]:
    """Every consent of a case and of those that were merged into it, the oldest first, also what was withdrawn."""
    return await unit.execute(select(consents).where(_in_family(consents, case_id)).order_by(consents.c.id))


async def find_consent(unit: UnitOfWork, case_id: UUID, consent_id: UUID) -> Row:
    """A consent of this case. Raises NotFound."""
    query = select(consents).where(consents.c.id == consent_id, _in_family(consents, case_id))
    row = (await unit.execute(query)).one_or_none()
    if row is None:
        raise NotFound("There is no such consent in this case.")
    return row


async def may_be_passed_on(unit: UnitOfWork, case_id: UUID, purpose: Purpose) -> bool:
    """Whether there is a ground to pass facts about this case on for this purpose."""
    running = (_in_family(consents, case_id), consents.c.purpose == purpose, consents.c.withdrawn_at.is_(None))
    return bool(await unit.execute(select(consents.c.id).where(*running)))


async def add_reflection_period(unit: UnitOfWork, case_id: UUID, started_on: date, last_day: date) -> None:
    """Store that a reflection period began. Raises UniqueViolation when the case ever had one."""
    row = {"case_id": case_id, "started_on": started_on, "last_day": last_day}
    await unit.execute(insert(reflection_periods).values(row))


async def end_reflection_period(unit: UnitOfWork, case_id: UUID, reason: ReflectionEnd, ended_on: date) -> None:
    """Store how it ended before its time."""
    changed = update(reflection_periods).where(reflection_periods.c.case_id == case_id)
    await unit.execute(changed.values(ended_on=ended_on, end_reason=reason))


async def reflection_period_of(unit: UnitOfWork, case_id: UUID) -> Row | None:
    """The reflection period of a case, if it ever had one."""
    query = select(reflection_periods).where(reflection_periods.c.case_id == case_id)
    return (await unit.execute(query)).one_or_none()


async def add_permit(unit: UnitOfWork, case_id: UUID, kind: PermitKind, granted_on: date) -> None:
    """Store that a permit was granted. Raises UniqueViolation when one was stored before."""
    await unit.execute(insert(permits).values(case_id=case_id, kind=kind, granted_on=granted_on))


async def permit_of(unit: UnitOfWork, case_id: UUID) -> Row | None:
    """The permit of a case, if it has one."""
    return (await unit.execute(select(permits).where(permits.c.case_id == case_id))).one_or_none()


def _in_family(table: Table, case_id: UUID) -> ColumnElement[bool]:
    return table.c.case_id.in_(family_of(case_id))
