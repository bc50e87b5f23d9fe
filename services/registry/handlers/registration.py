"""Presumed victims are reported: one at a time, several times, or a group at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from schemas.vocabulary import LegalBasis, Purpose, Referrer, Region
from services.chassis.errors import Conflict, FieldError, InvalidInput
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.households import of_numbers
from services.registry.domain.model import Profile
from services.registry.domain.referrals import problem_with_region
from services.registry.handlers.held import held_case
from services.registry.store import cases as store
from services.registry.store import grounds, households


@dataclass(frozen=True, slots=True)
class Report:
    """A referral: who reported, from where, under which id of their own, and when."""

    referrer: Referrer
    reported_at: datetime
    police_unit: Region | None = None
    kmar_district: int | None = None
    reference: UUID | None = None


@dataclass(frozen=True, slots=True)
class GroupReport:
    """A referral within a group: about a case that is known, or about a household to be registered."""

    report: Report
    case_id: UUID | None
    household: Profile | None
    consents: Sequence[Purpose] = ()


async def register_case(
    unit: UnitOfWork, coordinator: str, profile: Profile, consents: Sequence[Purpose] = (), report: Report | None = None
) -> UUID:
    """Register a household; without another report, by the coordinator's own.

    Without consents it is registered only: nothing of it may be passed on, so it can stand in no list.
    """
    case_id = unit.identifiers()
    await store.add_case(unit, case_id, coordinator, profile)
    await households.add_members(unit, case_id, of_numbers(profile), registered_for_first=True)
    await grounds.add_consents(unit, case_id, list(dict.fromkeys(consents)), LegalBasis.CONSENT, unit.now)
    own = Report(Referrer.COORDINATOR, unit.now)
    await grounds.add_referrals(unit, [_row(unit.identifiers(), case_id, coordinator, report or own)])
    return case_id


async def refer(unit: UnitOfWork, case_id: UUID, coordinator: str, report: Report) -> UUID:
    """Take one more report about a case. Raises NotFound, InvalidInput, or Conflict for one that was taken before."""
    problems = _problems(report, "", unit.now)
    if problems:
        raise InvalidInput(fields=problems)
    await held_case(unit, case_id, coordinator)
    if report.reference is not None and await grounds.known_references(unit, coordinator, [report.reference]) & {
        (report.referrer, report.reference)
    }:
        raise Conflict("This report was taken before: the same reference counts once.")
    referral_id = unit.identifiers()
    await grounds.add_referrals(unit, [_row(referral_id, case_id, coordinator, report)])
    return referral_id


async def refer_group(unit: UnitOfWork, coordinator: str, group: Sequence[GroupReport]) -> list[tuple[UUID, UUID]]:
    """Take all of these reports, or none; gives the id of each, and of its case.

    Raises InvalidInput with everything that is wrong with any of them.
    """
    problems = _problems_of_group(group, unit.now)
    problems += await _taken_before(unit, coordinator, group)
    problems += await _unknown_cases(unit, coordinator, group)
    if problems:
        raise InvalidInput("Nothing was taken; see errors.", fields=problems)
    return [await _take(unit, coordinator, item) for item in group]


async def _take(unit: UnitOfWork, coordinator: str, item: GroupReport) -> tuple[UUID, UUID]:
    case_id = item.case_id
    if case_id is None:
        case_id = unit.identifiers()
        assert item.household is not None, "either of them is given"  # noqa: S101 - the body says so
        await store.add_case(unit, case_id, coordinator, item.household)
        await households.add_members(unit, case_id, of_numbers(item.household), registered_for_first=True)
        await grounds.add_consents(unit, case_id, list(dict.fromkeys(item.consents)), LegalBasis.CONSENT, unit.now)
    referral_id = unit.identifiers()
    await grounds.add_referrals(unit, [_row(referral_id, case_id, coordinator, item.report)])
    return referral_id, case_id


def _problems_of_group(group: Sequence[GroupReport], now: datetime) -> list[FieldError]:
    problems, seen = list[FieldError](), set[tuple[Referrer, UUID]]()
    for number, item in enumerate(group):
        here = f"/referrals/{number}"
        problems += _problems(item.report, here, now)
        if item.household is not None and not item.household.places:
            problems.append(FieldError(f"{here}/household/adults", "A household has at least one member."))
        if item.report.reference is not None:
            identity = (item.report.referrer, item.report.reference)
            if identity in seen:
                problems.append(FieldError(f"{here}/reference", "This report is in the group twice."))
            seen.add(identity)
    return problems


def _problems(report: Report, here: str, now: datetime) -> list[FieldError]:
    problems = []
    if report.reported_at > now:
        problems.append(FieldError(f"{here}/reportedAt", "Must not be in the future."))
    wrong = problem_with_region(report.referrer, report.police_unit, report.kmar_district)
    if wrong is not None:
        problems.append(FieldError(f"{here}/region", wrong))
    return problems


async def _taken_before(unit: UnitOfWork, coordinator: str, group: Sequence[GroupReport]) -> list[FieldError]:
    references = [item.report.reference for item in group if item.report.reference is not None]
    known = await grounds.known_references(unit, coordinator, references)
    return [
        FieldError(f"/referrals/{number}/reference", "This report was taken before.")
        for number, item in enumerate(group)
        if item.report.reference is not None and (item.report.referrer, item.report.reference) in known
    ]


async def _unknown_cases(unit: UnitOfWork, coordinator: str, group: Sequence[GroupReport]) -> list[FieldError]:
    asked = sorted({item.case_id for item in group if item.case_id is not None})
    known = await store.own_cases(unit, asked, coordinator)
    return [
        FieldError(f"/referrals/{number}/caseId", "There is no such case among yours.")
        for number, item in enumerate(group)
        if item.case_id is not None and item.case_id not in known
    ]


def _row(referral_id: UUID, case_id: UUID, organisation: str, report: Report) -> dict[str, object]:
    plain = ("referrer", "police_unit", "kmar_district", "reference", "reported_at")
    return {name: getattr(report, name) for name in plain} | {
        "id": referral_id,
        "case_id": case_id,
        "organisation": organisation,
    }
