"""What the services could not handle: looked at, repaired, heard again or dropped."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from aiohttp import web

from doorstroom_client import Client, Listing, ProblemError
from schemas.api.oversight import EVENT_CHARACTERS, Quarantine, QuarantinedMessage, Repair
from services.chassis.identity import Role
from services.console.web.forms import done, form_key, new_key, path_id
from services.console.web.refusals import Refused
from services.console.web.route import Route
from services.console.web.texts import translations
from services.console.web.visit import Visit

ROLES = frozenset({Role.HELPDESK, Role.AUDITOR, Role.OPERATOR})
REPAIRERS = frozenset({Role.HELPDESK, Role.OPERATOR})
INVALID = 400

List = Callable[[Client], Listing[Quarantine, QuarantinedMessage]]
Replay = Callable[[Client, UUID, Repair, str], Awaitable[object]]
Drop = Callable[[Client, UUID, str], Awaitable[object]]
SERVICES: dict[str, tuple[List, Replay, Drop]] = {
    "registry": (Client.list_registry_quarantine, Client.replay_registry_message, Client.drop_registry_message),
    "shelters": (Client.list_shelters_quarantine, Client.replay_shelters_message, Client.drop_shelters_message),
    "municipalities": (
        Client.list_municipalities_quarantine,
        Client.replay_municipalities_message,
        Client.drop_municipalities_message,
    ),
    "notifications": (
        Client.list_notifications_quarantine,
        Client.replay_notifications_message,
        Client.drop_notifications_message,
    ),
}


async def quarantine(visit: Visit) -> web.Response:
    """All that waits, service by service."""
    pages = await asyncio.gather(*(listing(visit.client) for listing, _, _ in SERVICES.values()))
    found = {service: page.messages for service, page in zip(SERVICES, pages, strict=True)}
    return visit.page("quarantine.html", found=found)


async def message(visit: Visit) -> web.Response:
    """One of them."""
    return await _message(visit)


async def replay(visit: Visit) -> web.Response:
    """Let the service hear it again, as it was or repaired."""
    service, id_ = _service(visit), path_id(visit, "message")
    repaired = visit.form.get("repaired", "").strip() or None
    if repaired is not None and len(repaired) > EVENT_CHARACTERS:
        return await _message(visit, translations(visit.language).gettext("That is too much for a message."))
    asked = SERVICES[service][1](visit.client, id_, Repair(repaired=repaired), form_key(visit))
    try:
        return await done(visit, asked, "/quarantine", "heard-again")
    except ProblemError as problem:
        if problem.status != INVALID:
            raise
        return await _message(visit, _why(visit, repaired))


async def drop(visit: Visit) -> web.Response:
    """Say that it is not wanted."""
    asked = SERVICES[_service(visit)][2](visit.client, path_id(visit, "message"), form_key(visit))
    return await done(visit, asked, "/quarantine", "dropped")


async def _message(visit: Visit, error: str | None = None) -> web.Response:
    service, id_ = _service(visit), path_id(visit, "message")
    listing = await SERVICES[service][0](visit.client)
    found = next((one for one in listing.messages if one.quarantine_id == id_), None)
    if found is None:
        raise Refused(404)
    status = 200 if error is None else 400
    repairs = visit.role in REPAIRERS
    return visit.page(
        "quarantined.html", status, message=found, service=service, repairs=repairs, error=error, key=new_key
    )


def _why(visit: Visit, repaired: str | None) -> str:
    texts = translations(visit.language)
    if repaired is None:
        return texts.gettext("As it is, it would only come back. Ask whoever sent it for a message that is right.")
    return texts.gettext("This is another message, or not right. It needs the same id and type, and to be whole.")


def _service(visit: Visit) -> str:
    name = visit.request.match_info["service"]
    if name not in SERVICES:
        raise Refused(404)
    return name


ROUTES = (
    Route("GET", "/quarantine", ROLES, quarantine),
    Route("GET", "/quarantine/{service}/{message}", ROLES, message),
    Route("POST", "/quarantine/{service}/{message}/replay", REPAIRERS, replay),
    Route("POST", "/quarantine/{service}/{message}/drop", REPAIRERS, drop),
)
