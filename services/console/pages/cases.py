"""The coordinator's cases: on which lists they stand, where, and what would change that."""

import asyncio
from collections.abc import AsyncIterable, Sequence
from datetime import datetime, time, timedelta
from typing import TypeVar
from uuid import UUID

from aiohttp import web

from schemas.api.cases import Pause
from schemas.api.decisions import Position
from schemas.api.registry import Entry
from services.chassis.identity import Role
from services.console.web.formats import NETHERLANDS
from services.console.web.forms import day, done, form_key, new_key, path_id
from services.console.web.refusals import Refused
from services.console.web.route import Route
from services.console.web.texts import translations
from services.console.web.visit import Visit

Item = TypeVar("Item")

ROLES = frozenset({Role.COORDINATOR, Role.HELPDESK})
LIVE = ("offered", "waiting", "paused", "placed")
"""The states in which somebody looks after an entry, the most urgent first."""
SHOWN = 500
EXPLAINED = frozenset({"waiting", "offered", "paused"})
LATEST_ATTEMPTS = 5
PAUSED_WITHIN = timedelta(days=365)


async def cases(visit: Visit) -> web.Response:
    """All places in line, those that have an offer first, then the longest waiting."""
    entries = [entry for entry in await some(visit.client.list_entries()) if entry.state in LIVE]
    entries.sort(key=lambda entry: (LIVE.index(entry.state), entry.waiting_since))
    return visit.page("cases.html", entries=entries[:SHOWN], more=len(entries) > SHOWN)


async def case(visit: Visit) -> web.Response:
    """A household, where it stands on each list, who tried to reach it, and where it must not go."""
    return await _page(visit, path_id(visit, "case"))


async def _page(visit: Visit, case_id: UUID, error: str | None = None) -> web.Response:
    client = visit.client
    household, entries, attempts, exclusions = await asyncio.gather(
        client.get_case(case_id),
        some(client.list_entries(case_id=case_id)),
        some(client.list_contact_attempts(case_id)),
        some(client.list_exclusions(case_id)),
    )
    live = [entry for entry in entries if entry.state in LIVE]
    return visit.page(
        "case.html",
        200 if error is None else 400,
        case=household,
        entries=sorted(live, key=lambda entry: LIVE.index(entry.state)),
        positions=await _positions(visit, live),
        attempts=attempts[: -LATEST_ATTEMPTS - 1 : -1],
        exclusions=[exclusion for exclusion in exclusions if exclusion.lifted_at is None],
        tomorrow=visit.today + timedelta(days=1),
        error=error,
        key=new_key,
    )


async def pause(visit: Visit) -> web.Response:
    """Let them stand aside, until a day or until somebody resumes."""
    entry = await visit.client.get_entry(path_id(visit, "entry"))
    tomorrow = visit.today + timedelta(days=1)
    until, is_right = day(visit, "until", tomorrow, tomorrow + PAUSED_WITHIN)
    if not is_right:
        error = translations(visit.language).gettext("Give a day from tomorrow on, within a year.")
        return await _page(visit, entry.case_id, error)
    begins_at = None if until is None else datetime.combine(until, time(), NETHERLANDS)
    asked = visit.client.pause_entry(entry.entry_id, Pause(paused_until=begins_at), form_key(visit))
    return await done(visit, asked, f"/cases/{entry.case_id}", "paused")


async def resume(visit: Visit) -> web.Response:
    """Put them back in line."""
    entry = await visit.client.get_entry(path_id(visit, "entry"))
    asked = visit.client.resume_entry(entry.entry_id, form_key(visit))
    return await done(visit, asked, f"/cases/{entry.case_id}", "resumed")


async def some(items: AsyncIterable[Item]) -> list[Item]:
    """All of them. Raises Refused when there are more than any page could show."""
    found = []
    async for item in items:
        found.append(item)
        if len(found) > 10 * SHOWN:
            raise Refused(413)
    return found


async def _positions(visit: Visit, entries: Sequence[Entry]) -> dict[UUID, Position]:
    asked = [entry.entry_id for entry in entries if entry.state in EXPLAINED]
    found = await asyncio.gather(*(visit.client.get_position(entry_id) for entry_id in asked))
    return {position.entry_id: position for position in found}


ROUTES = (
    Route("GET", "/cases", ROLES, cases),
    Route("GET", "/cases/{case}", ROLES, case),
    Route("POST", "/entries/{entry}/pause", ROLES, pause),
    Route("POST", "/entries/{entry}/resume", ROLES, resume),
)
