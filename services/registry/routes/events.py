"""Attempts to reach a household, and places where it is without an offer."""

from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from schemas.api.cases import (
    ContactAttempt,
    ContactAttempts,
    NewContactAttempt,
    NewPlacement,
    Placement,
    Placements,
    PlacementsQuery,
    Review,
)
from schemas.api.paging import PageQuery
from schemas.vocabulary import ContactChannel, ContactOutcome, PlacementKind, PlacementReview
from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Paging, Reply
from services.registry.handlers import contacts, placements
from services.registry.handlers.contacts import Attempt
from services.registry.handlers.matching import Matchmaker
from services.registry.handlers.placements import EndsWaiting, Found
from services.registry.routes.common import BASE, changes, id_of, looks, not_in_future
from services.registry.store import cases
from services.registry.store import events as store
from services.registry.tables import contact_attempts
from services.registry.tables import placements as placements_table

PLACEMENTS = Paging(f"{BASE}/placements", tuple[UUID], [placements_table.c.id])

_ATTEMPT = NewContactAttempt(channel=ContactChannel.TELEPHONE, outcome=ContactOutcome.NOT_REACHED)
_PLACEMENT = NewPlacement(kind=PlacementKind.EMERGENCY, since=datetime(2026, 3, 1, 22, tzinfo=UTC))
_REVIEW = Review(review=PlacementReview.TO_BE_MOVED)


async def post_attempt(call: Call[NewContactAttempt], unit: UnitOfWork) -> Reply:
    """Log an attempt to reach a household."""
    body, mine = call.body, call.principal.organisation
    attempted_at = not_in_future(body.attempted_at, "attemptedAt", unit)
    attempt = Attempt(body.channel, body.outcome, attempted_at, body.offer_id)
    attempt_id = await contacts.log_attempt(unit, call.uuid("caseId"), mine, attempt)
    return Reply(201, ContactAttempt(**asdict(attempt), attempt_id=attempt_id))


async def get_attempts(call: Call[None, PageQuery], unit: UnitOfWork) -> Reply:
    """List the attempts to reach a household."""
    case = await cases.find_case(unit, call.uuid("caseId"), call.principal.organisation)
    paging = Paging(f"{BASE}/cases/{case['id']}/contact-attempts", tuple[UUID], [contact_attempts.c.id])
    mine = store.contact_attempts_of(case["id"])
    page = paging.page(await store.rows(unit, paging.select(mine, call.query)), call.query, id_of)
    return Reply(200, ContactAttempts(contact_attempts=[_attempt(row) for row in page.rows]), page.headers)


async def post_placement(
    matchmaker: Matchmaker, ends_waiting: EndsWaiting, call: Call[NewPlacement], unit: UnitOfWork
) -> Reply:
    """Record where a household is already."""
    case_id, body, mine = call.uuid("caseId"), call.body, call.principal.organisation
    found = Found(body.kind, not_in_future(body.since, "since", unit), body.programme, body.unit_id)
    made = await placements.record_placement(matchmaker, ends_waiting, unit, case_id, mine, found)
    return Reply(201, _placement(await store.find_placement(unit, made, mine)))


async def get_placements(call: Call[None, PlacementsQuery], unit: UnitOfWork) -> Reply:
    """List the placements that were recorded after the fact."""
    query = call.query
    mine = store.own_placements(call.principal.organisation, reviewed=query.reviewed)
    page = PLACEMENTS.page(await store.rows(unit, PLACEMENTS.select(mine, query)), query, id_of)
    return Reply(200, Placements(placements=[_placement(row) for row in page.rows]), page.headers)


async def review_placement(call: Call[Review], unit: UnitOfWork) -> Reply:
    """Say what was found of a placement."""
    placement_id, mine = call.uuid("placementId"), call.principal.organisation
    await placements.review_placement(unit, placement_id, mine, call.body.review)
    return Reply(200, _placement(await store.find_placement(unit, placement_id, mine)))


async def end_placement(call: Call, unit: UnitOfWork) -> Reply:
    """Say that a household is no longer there."""
    placement_id, mine = call.uuid("placementId"), call.principal.organisation
    await placements.end_placement(unit, placement_id, mine)
    return Reply(200, _placement(await store.find_placement(unit, placement_id, mine)))


def operations(matchmaker: Matchmaker, ends_waiting: EndsWaiting) -> tuple[Operation[UnitOfWork], ...]:
    """What may be done with attempts and placements."""
    return (*_contacts(), *_placements(matchmaker, ends_waiting))


def _contacts() -> tuple[Operation[UnitOfWork], ...]:
    path, tag = "cases/{caseId}/contact-attempts", "contact"
    summary = "List the attempts to reach a household"
    return (
        changes(
            path,
            "logContactAttempt",
            "Log an attempt to reach a household",
            handler=post_attempt,
            example=_ATTEMPT,
            response=ContactAttempt,
            tags=(tag,),
        ),
        looks(
            path,
            "listContactAttempts",
            summary,
            handler=get_attempts,
            query=PageQuery,
            response=ContactAttempts,
            tags=(tag,),
            errors=(404,),
        ),
    )


def _placements(matchmaker: Matchmaker, ends_waiting: EndsWaiting) -> tuple[Operation[UnitOfWork], ...]:
    one, tag = "placements/{placementId}", "placements"
    summary = "List the placements that were recorded after the fact"
    return (
        changes(
            "cases/{caseId}/placements",
            "recordPlacement",
            "Record where a household is already",
            handler=partial(post_placement, matchmaker, ends_waiting),
            example=_PLACEMENT,
            response=Placement,
            tags=(tag,),
            description="An emergency bed found at night, or a place outside this system. It waits for a review.",
        ),
        looks(
            "placements",
            "listPlacements",
            summary,
            handler=get_placements,
            query=PlacementsQuery,
            response=Placements,
            tags=(tag,),
        ),
        changes(
            f"{one}/_review",
            "reviewPlacement",
            "Say what was found of a placement",
            handler=review_placement,
            example=_REVIEW,
            response=Placement,
            tags=(tag,),
            description="One that was recorded in error is over by that.",
            status=200,
        ),
        changes(
            f"{one}/_end",
            "endPlacement",
            "Say that a household is no longer there",
            handler=end_placement,
            response=Placement,
            tags=(tag,),
            status=200,
        ),
    )


def _attempt(row: Row) -> ContactAttempt:
    names = ("channel", "outcome", "attempted_at", "offer_id")
    return ContactAttempt(attempt_id=row["id"], **{name: row[name] for name in names})


def _placement(row: Row) -> Placement:
    names = set(Placement.model_fields) - {"placement_id"}
    return Placement(placement_id=row["id"], **{name: row[name] for name in names})
