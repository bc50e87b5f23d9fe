"""Whether the services' audit logs are as they were written: line by line, a portion at a time."""

import re
from collections.abc import Awaitable, Callable

from aiohttp import web

from doorstroom_client import Client
from schemas.api.oversight import AuditCheck
from services.chassis.identity import Role
from services.console.web.route import Route
from services.console.web.texts import translations
from services.console.web.visit import Visit

ROLES = frozenset({Role.HELPDESK, Role.AUDITOR, Role.OPERATOR})
Verify = Callable[[Client, int, str | None], Awaitable[AuditCheck]]
SERVICES: dict[str, Verify] = {
    "registry": Client.verify_registry_audit_log,
    "shelters": Client.verify_shelters_audit_log,
    "municipalities": Client.verify_municipalities_audit_log,
    "notifications": Client.verify_notifications_audit_log,
}
NOTED = re.compile(r"(\w{1,20}):(\d{1,18}):([0-9a-f]{64})")
"""An end that was noted earlier, as the page and the command print it."""


async def audit(visit: Visit) -> web.Response:
    """Ask which log."""
    return _page(visit)


async def verify(visit: Visit) -> web.Response:
    """Read a portion of a log: from its beginning, or from an end that was noted."""
    noted = visit.form.get("noted", "").strip()
    found = NOTED.fullmatch(noted)
    if noted and (found is None or found[1] not in SERVICES):
        return _page(visit, translations(visit.language).gettext("Give a noted end as it was shown, as one line."))
    service = found[1] if found is not None else visit.form.get("service", "")
    if service not in SERVICES:
        return _page(visit, translations(visit.language).gettext("Choose a service."))
    after, digest = (int(found[2]), found[3]) if found is not None else (0, None)
    return _page(visit, checked=(service, after, await SERVICES[service](visit.client, after, digest)))


def _page(visit: Visit, error: str | None = None, checked: tuple[str, int, AuditCheck] | None = None) -> web.Response:
    status = 200 if error is None else 400
    return visit.page("audit.html", status, services=tuple(SERVICES), checked=checked, error=error)


ROUTES = (Route("GET", "/audit", ROLES, audit), Route("POST", "/audit", ROLES, verify))
