"""Everything that happened to a household, in order: from what each part of the registry knows of it."""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TypeVar
from uuid import UUID

from aiohttp import web

from doorstroom_client import ProblemError
from schemas.api.cases import Consent, ContactAttempt, Exclusion, Permit, Placement, ReflectionPeriod
from schemas.api.registry import Case, Entry, Offer
from services.console.pages.cases import ROLES, some
from services.console.web.formats import NETHERLANDS
from services.console.web.forms import path_id
from services.console.web.route import Route
from services.console.web.texts import later
from services.console.web.visit import Visit

Found = TypeVar("Found")

NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened: when, what, and the word of which list says more of it."""

    at: datetime
    what: str
    kind: str = ""
    word: str = ""
    more_kind: str = ""
    more: str = ""
    is_day: bool = False
    """Of the moment only the day is known."""


async def timeline(visit: Visit) -> web.Response:
    """Everything that happened to a household, the newest first."""
    case_id, client = path_id(visit, "case"), visit.client
    household = await client.get_case(case_id)
    entries, offers, placements = await asyncio.gather(
        some(client.list_entries(case_id=case_id)),
        some(client.list_offers(case_id=case_id)),
        some(client.list_placements()),
    )
    attempts, exclusions, consents = await asyncio.gather(
        some(client.list_contact_attempts(case_id)),
        some(client.list_exclusions(case_id)),
        some(client.list_consents(case_id)),
    )
    period, permit = await asyncio.gather(
        _if_any(client.get_reflection_period(case_id)), _if_any(client.get_permit(case_id))
    )
    happened = [
        *_of_case(household, period, permit),
        *_of_lists(entries, offers),
        *_of_care(attempts, exclusions, consents),
        *_of_placements(placements, case_id),
    ]
    happened.sort(key=lambda happening: happening.at, reverse=True)
    return visit.page("case_timeline.html", case=household, happened=happened)


async def _if_any(asked: Awaitable[Found]) -> Found | None:
    try:
        return await asked
    except ProblemError as problem:
        if problem.status != NOT_FOUND:
            raise
        return None


def _on(day: date, what: str, kind: str = "", word: str = "") -> Happening:
    return Happening(datetime.combine(day, time(), NETHERLANDS), what, kind, word, is_day=True)


def _of_case(case: Case, period: ReflectionPeriod | None, permit: Permit | None) -> Iterator[Happening]:
    yield Happening(case.registered_at, later("Registered"))
    if period is not None:
        yield _on(period.started_on, later("The reflection period began"))
        if period.ended_on is not None and period.end_reason is not None:
            ended = later("The reflection period ended")
            yield _on(period.ended_on, ended, "reflection-end", period.end_reason)
    if permit is not None:
        yield _on(permit.granted_on, later("Got a permit"), "permit", permit.kind)


def _of_lists(entries: Sequence[Entry], offers: Sequence[Offer]) -> Iterator[Happening]:
    for entry in entries:
        yield Happening(entry.waiting_since, later("Waits since then on a list"), "waitlist", entry.waitlist)
    for offer in offers:
        yield Happening(offer.made_at, later("Was offered a place"), "kind", offer.kind, "waitlist", offer.waitlist)
        if offer.decided_at is not None:
            told = "offer-state", offer.state, "offer-reason", offer.reason or ""
            yield Happening(offer.decided_at, later("What came of an offer"), *told)


def _of_care(
    attempts: Sequence[ContactAttempt], exclusions: Sequence[Exclusion], consents: Sequence[Consent]
) -> Iterator[Happening]:
    for attempt in attempts:
        told = "channel", attempt.channel, "outcome", attempt.outcome
        yield Happening(attempt.attempted_at, later("Somebody tried to reach them"), *told)
    for exclusion in exclusions:
        yield Happening(exclusion.set_at, later("A place was excluded"))
        if exclusion.lifted_at is not None:
            yield Happening(exclusion.lifted_at, later("An exclusion was lifted"))
    for consent in consents:
        yield Happening(consent.given_at, later("Facts may be passed on"), "purpose", consent.purpose)
        if consent.withdrawn_at is not None:
            over = later("Facts may not be passed on any more")
            yield Happening(consent.withdrawn_at, over, "purpose", consent.purpose)


def _of_placements(placements: Sequence[Placement], case_id: UUID) -> Iterator[Happening]:
    for placement in placements:
        if placement.case_id == case_id:
            found = later("Found a place without an offer")
            yield Happening(placement.since, found, "placement-kind", placement.kind)
            if placement.ended_at is not None:
                yield Happening(placement.ended_at, later("Left a place that was found without an offer"))


ROUTES = (Route("GET", "/cases/{case}/timeline", ROLES, timeline),)
