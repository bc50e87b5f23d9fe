"""Consents, the reflection period, and the permit: on what grounds a household may be where."""

from datetime import date
from functools import partial

from schemas.api.cases import (
    Consent,
    Consents,
    NewConsent,
    NewPermit,
    NewReflectionPeriod,
    Permit,
    ReflectionPeriod,
    ReflectionPeriodEnd,
)
from schemas.vocabulary import PermitKind, Purpose, ReflectionEnd
from services.chassis.database import Row
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Reply
from services.registry.handlers import consents, permits, reflection
from services.registry.handlers.consents import Ground
from services.registry.handlers.matching import Matchmaker
from services.registry.handlers.reports import HOUSING
from services.registry.routes.common import changes, entry_body, looks, not_in_future
from services.registry.store import cases
from services.registry.store import grounds as store

_CONSENT = NewConsent(purpose=Purpose.SHELTER)
_PERIOD = NewReflectionPeriod(started_on=date(2026, 3, 1))
_PERIOD_END = ReflectionPeriodEnd(reason=ReflectionEnd.COMPLAINT_FILED_OR_COOPERATING, ended_on=date(2026, 4, 1))
_PERMIT = NewPermit(kind=PermitKind.HUMANITARIAN_TEMPORARY, granted_on=date(2026, 4, 1))


async def get_consents(call: Call, unit: UnitOfWork) -> Reply:
    """List the grounds on which facts about a case may be, or might have been, passed on."""
    case = await cases.find_family(unit, call.uuid("caseId"), call.principal.organisation)
    return Reply(200, Consents(consents=[_consent(row) for row in await store.consents_of(unit, case["id"])]))


async def post_consent(matchmaker: Matchmaker, call: Call[NewConsent], unit: UnitOfWork) -> Reply:
    """Say that facts about a case may be passed on."""
    case_id, body, mine = call.uuid("caseId"), call.body, call.principal.organisation
    given_at = not_in_future(body.given_at, "givenAt", unit)
    made = await consents.give_consent(
        matchmaker, unit, case_id, mine, Ground(body.purpose, body.legal_basis, given_at)
    )
    return Reply(201, _consent(await store.find_consent(unit, case_id, made)))


async def withdraw_consent(matchmaker: Matchmaker, call: Call, unit: UnitOfWork) -> Reply:
    """Say that facts about a case may no longer be passed on."""
    case_id, consent_id = call.uuid("caseId"), call.uuid("consentId")
    await consents.withdraw_consent(matchmaker, unit, case_id, consent_id, call.principal.organisation)
    return Reply(200, _consent(await store.find_consent(unit, case_id, consent_id)))


async def get_period(call: Call, unit: UnitOfWork) -> Reply:
    """Look at a reflection period."""
    case = await cases.find_family(unit, call.uuid("caseId"), call.principal.organisation)
    return Reply(200, _period(await reflection.found(unit, case["id"])))


async def post_period(matchmaker: Matchmaker, call: Call[NewReflectionPeriod], unit: UnitOfWork) -> Reply:
    """Record that a reflection period has begun."""
    case_id = call.uuid("caseId")
    await reflection.start(matchmaker, unit, case_id, call.principal.organisation, call.body.started_on)
    return Reply(201, _period(await reflection.found(unit, case_id)))


async def end_period(matchmaker: Matchmaker, call: Call[ReflectionPeriodEnd], unit: UnitOfWork) -> Reply:
    """Record that a reflection period has ended before its time."""
    case_id, body, mine = call.uuid("caseId"), call.body, call.principal.organisation
    await reflection.end(matchmaker, unit, case_id, mine, body.reason, body.ended_on)
    return Reply(200, _period(await reflection.found(unit, case_id)))


async def get_permit(call: Call, unit: UnitOfWork) -> Reply:
    """Look at a permit."""
    case = await cases.find_family(unit, call.uuid("caseId"), call.principal.organisation)
    return Reply(200, await _permit(unit, case))


async def post_permit(matchmaker: Matchmaker, call: Call[NewPermit], unit: UnitOfWork) -> Reply:
    """Record a permit."""
    case_id, body, mine = call.uuid("caseId"), call.body, call.principal.organisation
    await permits.grant_permit(matchmaker, unit, case_id, mine, body.kind, body.granted_on)
    return Reply(201, await _permit(unit, await cases.find_case(unit, case_id, mine)))


def operations(matchmaker: Matchmaker) -> tuple[Operation[UnitOfWork], ...]:
    """What may be done with grounds."""
    return (*_consents(matchmaker), *_periods(matchmaker), *_permits(matchmaker))


def _consents(matchmaker: Matchmaker) -> tuple[Operation[UnitOfWork], ...]:
    path, tag = "cases/{caseId}/consents", "grounds"
    return (
        looks(
            path,
            "listConsents",
            "List on what grounds facts may be passed on",
            handler=get_consents,
            response=Consents,
            tags=(tag,),
        ),
        changes(
            path,
            "giveConsent",
            "Say that facts about a household may be passed on",
            handler=partial(post_consent, matchmaker),
            example=_CONSENT,
            response=Consent,
            tags=(tag,),
            description="A household with a permit joins the housing list when facts may be passed on for housing.",
        ),
        changes(
            f"{path}/{{consentId}}/_withdraw",
            "withdrawConsent",
            "Say that facts about a household may no longer be passed on",
            handler=partial(withdraw_consent, matchmaker),
            response=Consent,
            tags=(tag,),
            description="It leaves the lists of that purpose, and open offers are revoked. It stays registered.",
            status=200,
        ),
    )


def _periods(matchmaker: Matchmaker) -> tuple[Operation[UnitOfWork], ...]:
    path, tag = "cases/{caseId}/reflection-period", "grounds"
    return (
        looks(
            path,
            "getReflectionPeriod",
            "Look at a reflection period",
            handler=get_period,
            response=ReflectionPeriod,
            tags=(tag,),
        ),
        changes(
            path,
            "startReflectionPeriod",
            "Record that a reflection period has begun",
            handler=partial(post_period, matchmaker),
            example=_PERIOD,
            response=ReflectionPeriod,
            tags=(tag,),
            description="At most three months, once, never extended. The right to categorical shelter ends with it.",
        ),
        changes(
            f"{path}/_end",
            "endReflectionPeriod",
            "Record that a reflection period has ended before its time",
            handler=partial(end_period, matchmaker),
            example=_PERIOD_END,
            response=ReflectionPeriod,
            tags=(tag,),
            description="What waits for categorical shelter lapses. Whoever lives in a shelter is not put out by this.",
            status=200,
        ),
    )


def _permits(matchmaker: Matchmaker) -> tuple[Operation[UnitOfWork], ...]:
    path, tag = "cases/{caseId}/permit", "grounds"
    return (
        looks(path, "getPermit", "Look at a permit", handler=get_permit, response=Permit, tags=(tag,)),
        changes(
            path,
            "grantPermit",
            "Record a permit",
            handler=partial(post_permit, matchmaker),
            example=_PERMIT,
            response=Permit,
            tags=(tag,),
            description="The household joins the housing list, with the earliest waiting-since that it has anywhere.",
        ),
    )


def _consent(row: Row) -> Consent:
    names = ("purpose", "legal_basis", "given_at", "withdrawn_at")
    return Consent(consent_id=row["id"], **{name: row[name] for name in names})


def _period(row: Row) -> ReflectionPeriod:
    return ReflectionPeriod(**{name: row[name] for name in ReflectionPeriod.model_fields})


async def _permit(unit: UnitOfWork, case: Row) -> Permit:
    permit = await store.permit_of(unit, case["id"])
    if permit is None:
        raise NotFound("This case has no permit.")
    places = [entry for entry in await cases.entries_of(unit, case["id"]) if entry["waitlist"] == HOUSING]
    entry = entry_body(places[-1]) if places else None
    return Permit(kind=permit["kind"], granted_on=permit["granted_on"], housing_entry=entry)
