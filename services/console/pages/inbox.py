"""The coordinator's inbox: what waits for an answer, and what came of what was before."""

from datetime import timedelta

from aiohttp import web

from schemas.api.registry import Offer
from schemas.vocabulary import DeclineReason
from services.chassis.identity import Role
from services.console.web.forms import choice, done, form_key, new_key, path_id
from services.console.web.route import Route
from services.console.web.texts import translations
from services.console.web.visit import Visit

ROLES = frozenset({Role.COORDINATOR, Role.HELPDESK})
OPEN = "made"
MISSED, MISSED_LATELY = "expired", timedelta(days=14)
SHOWN = 100


async def inbox(visit: Visit) -> web.Response:
    """The offers that wait, the first to run out on top; what was missed lately; and the newest of the others."""
    waiting = [offer async for offer in visit.client.list_offers(OPEN)]
    newest = (await visit.client.list_offers(newest_first=True)).offers
    waiting.sort(key=lambda offer: offer.deadline_at)
    past = sorted((offer for offer in newest if offer.state != OPEN), key=lambda offer: offer.made_at, reverse=True)
    missed = [offer for offer in past if offer.state == MISSED and _is_recent(visit, offer)]
    return visit.page("inbox.html", open=waiting, missed=missed, past=past[:SHOWN])


def _is_recent(visit: Visit, offer: Offer) -> bool:
    return visit.now - offer.deadline_at < MISSED_LATELY


async def ask_accept(visit: Visit) -> web.Response:
    """Ask whether they are sure."""
    return await _ask(visit, "offer_accept.html")


async def accept(visit: Visit) -> web.Response:
    """Say yes."""
    asked = visit.client.accept_offer(path_id(visit, "offer"), form_key(visit))
    return await done(visit, asked, "/inbox", "accepted")


async def ask_decline(visit: Visit) -> web.Response:
    """Ask for the reason."""
    return await _ask(visit, "offer_decline.html")


async def decline(visit: Visit) -> web.Response:
    """Say no, and why."""
    reason = choice(visit, "reason", DeclineReason)
    if reason is None:
        error = translations(visit.language).gettext("Choose a reason.")
        return await _ask(visit, "offer_decline.html", error)
    asked = visit.client.decline_offer(path_id(visit, "offer"), reason, form_key(visit))
    return await done(visit, asked, "/inbox", "declined")


async def _ask(visit: Visit, template: str, error: str | None = None) -> web.Response:
    offer: Offer = await visit.client.get_offer(path_id(visit, "offer"))
    if offer.state != OPEN:
        return visit.redirect("/inbox", "answered-already")
    status = 200 if error is None else 400
    return visit.page(template, status, offer=offer, key=new_key(), reasons=list(DeclineReason), error=error)


ROUTES = (
    Route("GET", "/inbox", ROLES, inbox),
    Route("GET", "/offers/{offer}/accept", ROLES, ask_accept),
    Route("POST", "/offers/{offer}/accept", ROLES, accept),
    Route("GET", "/offers/{offer}/decline", ROLES, ask_decline),
    Route("POST", "/offers/{offer}/decline", ROLES, decline),
)
