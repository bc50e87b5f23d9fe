"""Cases and the reports that they follow from."""

from functools import partial
from uuid import UUID

from schemas.api.cases import (
    GroupReferral,
    KmarDistrict,
    NewGroup,
    NewReferral,
    PoliceUnit,
    Referral,
    Referrals,
)
from schemas.api.registry import Case, HelpdeskReference, NewCase
from schemas.vocabulary import AgeBand, Purpose, Referrer, Region, Sex
from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Reply
from services.registry.handlers import registration
from services.registry.handlers.matching import Matchmaker
from services.registry.handlers.registration import GroupReport, Report
from services.registry.routes.common import (
    BASE,
    changes,
    household_body,
    looks,
    profile_of,
    unchecked_profile_of,
)
from services.registry.store import cases as store
from services.registry.store import grounds
from services.registry.store.codec import decode_profile

_EXAMPLE = NewCase(sex=Sex.FEMALE, age_band=AgeBand.AGE_23_PLUS, adults=1, children=1, consents=[Purpose.SHELTER])
_EXAMPLE_REFERRAL = NewReferral(
    referrer=Referrer.POLICE, region=PoliceUnit(kind="police_unit", unit=Region.OOST_NEDERLAND)
)
_EXAMPLE_GROUP = NewGroup(
    referrals=[GroupReferral(referrer=Referrer.LABOUR_INSPECTORATE, household=_EXAMPLE)],
)


async def post_case(call: Call[NewCase], unit: UnitOfWork) -> Reply:
    """Register a household."""
    body, mine = call.body, call.principal.organisation
    case_id = await registration.register_case(unit, mine, profile_of(body), body.consents)
    return Reply(201, _case(await store.find_case(unit, case_id, mine)))


async def get_case(call: Call, unit: UnitOfWork) -> Reply:
    """Look at one of your cases."""
    return Reply(200, _case(await store.find_case(unit, call.uuid("caseId"), call.principal.organisation)))


async def get_helpdesk_reference(matchmaker: Matchmaker, call: Call, unit: UnitOfWork) -> Reply:
    """Tell by which reference the helpdesk knows one of your cases."""
    case = await store.find_case(unit, call.uuid("caseId"), call.principal.organisation)
    theirs = await matchmaker.references.of(unit, matchmaker.helpdesk)
    return Reply(200, HelpdeskReference(helpdesk_reference=theirs.to(case["id"])))


async def post_referral(call: Call[NewReferral], unit: UnitOfWork) -> Reply:
    """Take one more report about a case."""
    case_id, report = call.uuid("caseId"), _report(call.body, unit)
    referral_id = await registration.refer(unit, case_id, call.principal.organisation, report)
    return Reply(201, _told(call.body, report, referral_id, case_id))


async def get_referrals(call: Call, unit: UnitOfWork) -> Reply:
    """List the reports about a case."""
    mine = call.principal.organisation
    case = await store.find_family(unit, call.uuid("caseId"), mine)
    rows = await grounds.referrals_of(unit, case["id"])
    return Reply(200, Referrals(referrals=[_referral(row, mine) for row in rows]))


async def post_group(call: Call[NewGroup], unit: UnitOfWork) -> Reply:
    """Take the reports about a whole group, or none."""
    group = [_in_group(item, unit) for item in call.body.referrals]
    taken = await registration.refer_group(unit, call.principal.organisation, group)
    told = [
        _told(body, item.report, referral_id, case_id)
        for body, item, (referral_id, case_id) in zip(call.body.referrals, group, taken, strict=True)
    ]
    return Reply(201, Referrals(referrals=told))


def operations(matchmaker: Matchmaker) -> tuple[Operation[UnitOfWork], ...]:
    """What may be done with cases and reports."""
    return (
        Operation(
            method="POST",
            path=f"{BASE}/cases",
            operation_id="registerCase",
            summary="Register a household",
            description="By a report of your own. Without consents it is registered only, and cannot join a waitlist.",
            handler=post_case,
            request=NewCase,
            request_example=_EXAMPLE,
            response=Case,
            status=201,
            tags=("cases",),
        ),
        looks(
            "cases/{caseId}", "getCase", "Look at one of your cases", handler=get_case, response=Case, tags=("cases",)
        ),
        looks(
            "cases/{caseId}/helpdesk-reference",
            "getHelpdeskReference",
            "Read by which reference the helpdesk knows one of your cases",
            handler=partial(get_helpdesk_reference, matchmaker),
            response=HelpdeskReference,
            tags=("cases",),
            description="To tell it to the helpdesk, such as when two organisations have a case of one person. "
            "Your own reference is of no use to them, nor theirs to you.",
        ),
        changes(
            "cases/{caseId}/referrals",
            "referCase",
            "Take one more report about a case",
            handler=post_referral,
            example=_EXAMPLE_REFERRAL,
            response=Referral,
            tags=("referrals",),
            description="The same reference of the same referrer counts once.",
        ),
        looks(
            "cases/{caseId}/referrals",
            "listReferrals",
            "List the reports about a case",
            handler=get_referrals,
            response=Referrals,
            tags=("referrals",),
        ),
        changes(
            "referrals/bulk",
            "referGroup",
            "Take the reports about a whole group at once",
            handler=post_group,
            example=_EXAMPLE_GROUP,
            response=Referrals,
            tags=("referrals",),
            description="Such as after a raid. All are taken or none, and everything that is wrong is told at once.",
        ),
    )


def _case(row: Row) -> Case:
    household = household_body(decode_profile(row["profile"])).model_dump()
    return Case(**household, case_id=row["id"], registered_at=row["created_at"], merged_into=row["merged_into"])


def _report(body: NewReferral, unit: UnitOfWork) -> Report:
    region = body.region
    return Report(
        body.referrer,
        body.reported_at or unit.now,
        region.unit if isinstance(region, PoliceUnit) else None,
        region.district if isinstance(region, KmarDistrict) else None,
        body.reference,
    )


def _in_group(body: GroupReferral, unit: UnitOfWork) -> GroupReport:
    household = body.household
    if household is None:
        return GroupReport(_report(body, unit), body.case_id, None)
    return GroupReport(_report(body, unit), None, unchecked_profile_of(household), household.consents)


def _told(body: NewReferral, report: Report, referral_id: UUID, case_id: UUID) -> Referral:
    same = {"referrer": body.referrer, "region": body.region, "reference": body.reference}
    return Referral(**same, referral_id=referral_id, case_id=case_id, reported_at=report.reported_at)


def _referral(row: Row, reader: str) -> Referral:
    region: PoliceUnit | KmarDistrict | None = None
    if row["police_unit"] is not None:
        region = PoliceUnit(kind="police_unit", unit=row["police_unit"])
    elif row["kmar_district"] is not None:
        region = KmarDistrict(kind="kmar_district", district=row["kmar_district"])
    same = {name: row[name] for name in ("case_id", "referrer", "reported_at")}
    # What another organisation was told, of a case that was merged into this one, stays theirs.
    reference = row["reference"] if row["organisation"] == reader else None
    return Referral(**same, referral_id=row["id"], region=region, reference=reference)
