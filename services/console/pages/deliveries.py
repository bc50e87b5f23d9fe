"""What was delivered outside the console: each attempt, and to have it delivered again."""

import asyncio

from aiohttp import web

from schemas.vocabulary import DeliveryState
from services.chassis.identity import Role
from services.console.web.forms import done, form_key, new_key, path_id
from services.console.web.route import Route
from services.console.web.visit import Visit

ROLES = frozenset({Role.COORDINATOR, Role.HELPDESK})
ORDER = (DeliveryState.DEAD, DeliveryState.PENDING, DeliveryState.DELIVERED, DeliveryState.SKIPPED)


async def deliveries(visit: Visit) -> web.Response:
    """The newest of each state, what was given up on top."""
    asked = (visit.client.list_deliveries(state=state, newest_first=True) for state in ORDER)
    pages = await asyncio.gather(*asked)
    found = {state: page.deliveries for state, page in zip(ORDER, pages, strict=True)}
    return visit.page("deliveries.html", found=found, key=new_key)


async def delivery(visit: Visit) -> web.Response:
    """One of them, with each attempt."""
    found = await visit.client.get_delivery(path_id(visit, "delivery"))
    return visit.page("delivery.html", delivery=found, key=new_key())


async def resend(visit: Visit) -> web.Response:
    """Have it delivered again."""
    id_ = path_id(visit, "delivery")
    return await done(visit, visit.client.resend_delivery(id_, form_key(visit)), f"/deliveries/{id_}", "resent")


ROUTES = (
    Route("GET", "/deliveries", ROLES, deliveries),
    Route("GET", "/deliveries/{delivery}", ROLES, delivery),
    Route("POST", "/deliveries/{delivery}/resend", ROLES, resend),
)
