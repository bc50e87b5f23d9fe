"""Why each offer was made: who was considered, why they were passed over, by which policy; and made again now."""

from uuid import UUID

from aiohttp import web

from schemas.api.decisions import Decision
from services.chassis.identity import Role
from services.console.web.forms import path_id
from services.console.web.route import Route
from services.console.web.texts import translations
from services.console.web.visit import Visit

ROLES = frozenset({Role.COORDINATOR, Role.HELPDESK, Role.AUDITOR})
AUDITORS = frozenset({Role.AUDITOR})
SHOWN = 100


async def decisions(visit: Visit) -> web.Response:
    """The newest."""
    return await _list(visit)


async def find(visit: Visit) -> web.Response:
    """One whose id somebody has."""
    try:
        id_ = UUID(visit.form.get("decision", "").strip())
    except ValueError:
        return await _list(visit, translations(visit.language).gettext("Give a whole id, with its dashes."))
    return visit.redirect(f"/decisions/{id_}")


async def of_offer(visit: Visit) -> web.Response:
    """The one behind an offer."""
    found = await visit.client.get_decision_of_offer(path_id(visit, "offer"))
    return visit.page("decision.html", decision=found, passed=_passed(found), replay=None)


async def decision(visit: Visit) -> web.Response:
    """One of them."""
    found = await visit.client.get_decision(path_id(visit, "decision"))
    return visit.page("decision.html", decision=found, passed=_passed(found), replay=None)


async def replay(visit: Visit) -> web.Response:
    """Make it again, now, and show whether it is the same."""
    id_ = path_id(visit, "decision")
    found, again = await visit.client.get_decision(id_), await visit.client.replay_decision(id_)
    return visit.page("decision.html", decision=found, passed=_passed(found), replay=again)


async def _list(visit: Visit, error: str | None = None) -> web.Response:
    newest = (await visit.client.list_decisions(newest_first=True)).decisions
    counts = {str(item.decision_id): _passed(item) for item in newest}
    status = 200 if error is None else 400
    return visit.page("decisions.html", status, decisions=newest[:SHOWN], passed=counts, error=error)


def _passed(decision: Decision) -> int:
    """How many stood before who was chosen."""
    return len(decision.considered) + sum(group.count for group in decision.counted)


ROUTES = (
    Route("GET", "/decisions", AUDITORS, decisions),
    Route("POST", "/decisions", AUDITORS, find),
    Route("GET", "/offers/{offer}/decision", ROLES, of_offer),
    Route("GET", "/decisions/{decision}", ROLES, decision),
    Route("POST", "/decisions/{decision}/replay", ROLES, replay),
)
