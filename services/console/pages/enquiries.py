"""Whether a provider that decides for itself takes a household: asked before anything is offered."""

from aiohttp import web

from schemas.vocabulary import EnquiryRefusal
from services.console.pages.beds import ROLES, every
from services.console.web.forms import choice, done, form_key, new_key, path_id
from services.console.web.route import Route
from services.console.web.texts import translations
from services.console.web.visit import Visit


async def agree(visit: Visit) -> web.Response:
    """They may come."""
    asked = visit.client.agree_to_enquiry(path_id(visit, "offer"), form_key(visit))
    return await done(visit, asked, "/beds", "agreed")


async def ask_refusal(visit: Visit) -> web.Response:
    """Ask for the reason."""
    return await _page(visit)


async def refuse(visit: Visit) -> web.Response:
    """They are not taken, and why."""
    reason = choice(visit, "reason", EnquiryRefusal)
    if reason is None:
        return await _page(visit, translations(visit.language).gettext("Choose a reason."))
    asked = visit.client.refuse_enquiry(path_id(visit, "offer"), reason, form_key(visit))
    return await done(visit, asked, "/beds", "refused")


async def _page(visit: Visit, error: str | None = None) -> web.Response:
    offer_id = path_id(visit, "offer")
    found = [enquiry for enquiry in await every(visit.client.list_enquiries()) if enquiry.offer_id == offer_id]
    if not found:
        return visit.redirect("/beds", "not-possible")
    status, reasons = (200 if error is None else 400), list(EnquiryRefusal)
    return visit.page("enquiry_refuse.html", status, enquiry=found[0], reasons=reasons, error=error, key=new_key())


ROUTES = (
    Route("POST", "/enquiries/{offer}/agree", ROLES, agree),
    Route("GET", "/enquiries/{offer}/refuse", ROLES, ask_refusal),
    Route("POST", "/enquiries/{offer}/refuse", ROLES, refuse),
)
