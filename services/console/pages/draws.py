"""Draws between those who have waited equally long: begun and ended in public, and for anybody to check."""

from aiohttp import web

from schemas.api.draws import Draw, Lot, NewDraw
from services.chassis.identity import Role
from services.console.web.forms import done, form_key, new_key, path_id
from services.console.web.refusals import Refused
from services.console.web.route import Route
from services.console.web.texts import translations
from services.console.web.visit import Visit

ROLES = frozenset({Role.COORDINATOR, Role.HELPDESK, Role.AUDITOR})
HOLDERS = frozenset({Role.HELPDESK})
LISTS = ("cosm", "omm", "loverboy", "vo", "housing")
SHOWN = 200


async def draws(visit: Visit) -> web.Response:
    """The newest on top."""
    return await _list(visit)


async def begin(visit: Visit) -> web.Response:
    """Fix a seed."""
    chosen = visit.form.get("waitlist", "")
    if chosen not in LISTS:
        return await _list(visit, translations(visit.language).gettext("Choose a list."))
    return await done(visit, visit.client.commit_draw(NewDraw(waitlist=chosen), form_key(visit)), "/draws", "drawn")


async def publish(visit: Visit) -> web.Response:
    """Show the seed, and end the draw."""
    id_ = path_id(visit, "draw")
    return await done(visit, visit.client.publish_draw(id_, form_key(visit)), f"/draws/{id_}", "draw-published")


async def draw(visit: Visit) -> web.Response:
    """One of them, with its lots when they are public. Raises Refused."""
    id_ = path_id(visit, "draw")
    found = next((one for one in await _all(visit) if one.draw_id == id_), None)
    if found is None:
        raise Refused(404)
    lots = [] if found.published_at is None else await _lots(visit, found)
    return visit.page("draw.html", draw=found, lots=lots[:SHOWN], more=len(lots) > SHOWN, key=new_key())


async def _list(visit: Visit, error: str | None = None) -> web.Response:
    status = 200 if error is None else 400
    holds = visit.role in HOLDERS
    return visit.page(
        "draws.html", status, draws=await _all(visit), lists=LISTS, holds=holds, error=error, key=new_key()
    )


async def _all(visit: Visit) -> list[Draw]:
    return (await visit.client.list_draws()).draws


async def _lots(visit: Visit, found: Draw) -> list[Lot]:
    """One more than are shown, if there are more."""
    lots = []
    async for lot in visit.client.list_lots(found.draw_id):
        lots.append(lot)
        if len(lots) > SHOWN:
            break
    return lots


ROUTES = (
    Route("GET", "/draws", ROLES, draws),
    Route("POST", "/draws", HOLDERS, begin),
    Route("GET", "/draws/{draw}", ROLES, draw),
    Route("POST", "/draws/{draw}/publish", HOLDERS, publish),
)
