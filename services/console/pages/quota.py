"""How far the task of a half-year is: a municipality's own, or everybody's for those who watch over them."""

from aiohttp import web

from schemas.api.municipalities import Quota
from services.chassis.identity import Role
from services.console.web.refusals import Refused
from services.console.web.route import Route
from services.console.web.visit import Visit

ROLES = frozenset({Role.MUNICIPALITY, Role.AUDITOR, Role.OPERATOR})
MUNICIPALITIES_LIMIT = 1000
"""There are fewer than 350."""


async def quota(visit: Visit) -> web.Response:
    """Of this half-year."""
    quotas: list[Quota] = []
    async for found in visit.client.list_quotas():
        quotas.append(found)
        if len(quotas) > MUNICIPALITIES_LIMIT:
            raise Refused(413)
    if visit.role is Role.MUNICIPALITY:
        return visit.page("quota.html", quota=quotas[0] if quotas else None)
    names = {found.municipality_code: found.name async for found in visit.client.list_municipalities()}
    return visit.page("quotas.html", quotas=quotas, names=names)


ROUTES = (Route("GET", "/quota", ROLES, quota),)
