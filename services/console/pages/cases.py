"""The coordinator's cases: on which lists they stand, where, and what would change that."""

import asyncio
from collections.abc import Sequence

from aiohttp import web

from schemas.api.cases import Pause
from schemas.api.decisions import Position
from schemas.api.registry import Entry
from services.chassis.identity import Role
from services.console.web.forms import done, form_key, new_key, path_id
from services.console.web.refusals import Refused
from services.console.web.route import Route
from services.console.web.visit import Visit

ROLES = frozenset({Role.COORDINATOR, Role.HELPDESK})
LIVE = ("offered", "waiting", "paused", "placed")
"""The states in which somebody looks after an entry, the most urgent first."""
SHOWN = 500
EXPLAINED = frozenset({"waiting", "offered", "paused"})


async def cases(visit: Visit) -> web.Response:
    """All places in line, those that have an offer first, then the longest waiting."""
    entries = await _entries(visit)
    entries.sort(key=lambda entry: (LIVE.index(entry.state), entry.waiting_since))
    return visit.page("cases.html", entries=entries[:SHOWN], more=len(entries) > SHOWN)


async def case(visit: Visit) -> web.Response:
    """A household, and where it stands on each list."""
    case_id = path_id(visit, "case")
    household, entries = await asyncio.gather(visit.client.get_case(case_id), _entries(visit))
    own = [entry for entry in entries if entry.case_id == case_id]
    positions = await _positions(visit, own)
    return visit.page("case.html", case=household, entries=own, positions=positions, key=new_key)


async def pause(visit: Visit) -> web.Response:
    """Let them stand aside, until somebody resumes."""
    entry = await visit.client.get_entry(path_id(visit, "entry"))
    asked = visit.client.pause_entry(entry.entry_id, Pause(), form_key(visit))
    return await done(visit, asked, f"/cases/{entry.case_id}", "paused")


async def resume(visit: Visit) -> web.Response:
    """Put them back in line."""
    entry = await visit.client.get_entry(path_id(visit, "entry"))
    asked = visit.client.resume_entry(entry.entry_id, form_key(visit))
    return await done(visit, asked, f"/cases/{entry.case_id}", "resumed")


async def _entries(visit: Visit) -> list[Entry]:
    """Those that somebody looks after. Raises Refused when there are more than any page could show."""
    found = []
    async for entry in visit.client.list_entries():
        if entry.state in LIVE:
            found.append(entry)
        if len(found) > 10 * SHOWN:
            raise Refused(413)
    return found


async def _positions(visit: Visit, entries: Sequence[Entry]) -> dict[str, Position]:
    asked = [entry.entry_id for entry in entries if entry.state in EXPLAINED]
    found = await asyncio.gather(*(visit.client.get_position(entry_id) for entry_id in asked))
    return {str(position.entry_id): position for position in found}


ROUTES = (
    Route("GET", "/cases", ROLES, cases),
    Route("GET", "/cases/{case}", ROLES, case),
    Route("POST", "/entries/{entry}/pause", ROLES, pause),
    Route("POST", "/entries/{entry}/resume", ROLES, resume),
)
