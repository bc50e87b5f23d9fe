"""The municipality's homes: opened, claimed, moved into, and taken back."""

import asyncio
from collections.abc import AsyncIterable
from datetime import datetime, time, timedelta
from typing import TypeVar, get_args

from aiohttp import web

from schemas.api.municipalities import MoveIn, MunicipalReason, NewSlot
from schemas.vocabulary import ClaimReversalReason
from services.chassis.identity import Role
from services.console.web.formats import NETHERLANDS
from services.console.web.forms import choice, day, done, form_key, new_key, path_id, whole_number
from services.console.web.refusals import Refused
from services.console.web.route import Route
from services.console.web.texts import translations
from services.console.web.visit import Visit

Item = TypeVar("Item")

ROLES = frozenset({Role.MUNICIPALITY})
SHOWN = 500
PLACES, PEOPLE = range(1, 21), range(1, 41)
OPENED_WITHIN, HOUSED_WITHIN = timedelta(days=365), timedelta(days=366)
RUNNING_SLOTS, RUNNING_CLAIMS = frozenset({"open", "held"}), frozenset({"pending", "claimed"})
REASONS: tuple[ClaimReversalReason, ...] = get_args(MunicipalReason)


async def slots(visit: Visit) -> web.Response:
    """What is open or offered, and what is claimed; and a form for another home."""
    return await _page(visit)


async def open_slot(visit: Visit) -> web.Response:
    """A home is there."""
    gettext, today = translations(visit.language).gettext, visit.today
    places = whole_number(visit, "places", PLACES)
    begins_on, is_right = day(visit, "from", today, today + OPENED_WITHIN)
    if places is None or not is_right:
        error = None if places is not None else gettext("Give a whole number from 1 to 20.")
        from_error = None if is_right else gettext("Give a day from today on, within a year; or leave it empty.")
        return await _page(visit, error, from_error)
    # Today is now.
    free_from = None if begins_on is None or begins_on == today else datetime.combine(begins_on, time(), NETHERLANDS)
    slot = NewSlot(places=places, wheelchair=visit.form.get("wheelchair") == "yes", available_from=free_from)
    return await done(visit, visit.client.open_slot(slot, form_key(visit)), "/slots", "opened")


async def withdraw(visit: Visit) -> web.Response:
    """A home is not there after all."""
    asked = visit.client.withdraw_slot(path_id(visit, "slot"), form_key(visit))
    return await done(visit, asked, "/slots", "slot-taken-back")


async def claim(visit: Visit) -> web.Response:
    """The household that accepted is ours."""
    asked = visit.client.claim_household(path_id(visit, "slot"), form_key(visit))
    return await done(visit, asked, "/slots", "claimed")


async def ask_house(visit: Visit) -> web.Response:
    """Ask on which day, and how many."""
    return await _house_page(visit, {})


async def house(visit: Visit) -> web.Response:
    """They have moved in: now and all of them, unless it is said otherwise."""
    gettext, today = translations(visit.language).gettext, visit.today
    housed_on, is_right = day(visit, "on", today - HOUSED_WITHIN, today)
    people = whole_number(visit, "people", PEOPLE)
    errors = {} if is_right else {"on": gettext("Give a day in the past, or leave it empty.")}
    if people is None and visit.form.get("people", "").strip():
        errors["people"] = gettext("Give a whole number from 1 to 40, or leave it empty.")
    if errors:
        return await _house_page(visit, errors)
    moved_in = MoveIn(housed_on=housed_on, people=people)
    asked = visit.client.house_household(path_id(visit, "claim"), moved_in, form_key(visit))
    return await done(visit, asked, "/slots", "housed")


async def _house_page(visit: Visit, errors: dict[str, str]) -> web.Response:
    claim = await visit.client.get_claim(path_id(visit, "claim"))
    if claim.state != "claimed":
        return visit.redirect("/slots", "not-possible")
    status = 400 if errors else 200
    return visit.page("claim_house.html", status, claim=claim, errors=errors, today=visit.today, key=new_key())


async def ask_reverse(visit: Visit) -> web.Response:
    """Ask for the reason."""
    return await _ask(visit)


async def reverse(visit: Visit) -> web.Response:
    """A claim is taken back."""
    reason = choice(visit, "reason", ClaimReversalReason)
    if reason not in REASONS:
        return await _ask(visit, translations(visit.language).gettext("Choose a reason."))
    asked = visit.client.reverse_claim(path_id(visit, "claim"), reason, form_key(visit))  # type: ignore[arg-type] # one of REASONS
    return await done(visit, asked, "/slots", "reversed")


async def _page(visit: Visit, error: str | None = None, from_error: str | None = None) -> web.Response:
    client = visit.client
    found, claims = await asyncio.gather(_some(client.list_slots()), _some(client.list_claims()))
    return visit.page(
        "slots.html",
        200 if error is None and from_error is None else 400,
        slots=[slot for slot in found if slot.state in RUNNING_SLOTS],
        claims=[claim for claim in claims if claim.state in RUNNING_CLAIMS],
        error=error,
        from_error=from_error,
        today=visit.today,
        key=new_key,
    )


async def _ask(visit: Visit, error: str | None = None) -> web.Response:
    claim = await visit.client.get_claim(path_id(visit, "claim"))
    status = 200 if error is None else 400
    return visit.page("claim_reverse.html", status, claim=claim, reasons=REASONS, error=error, key=new_key())


async def _some(items: AsyncIterable[Item]) -> list[Item]:
    """All of them. Raises Refused when there are more than any page could show."""
    found = []
    async for item in items:
        found.append(item)
        if len(found) > 10 * SHOWN:
            raise Refused(413)
    return found


ROUTES = (
    Route("GET", "/slots", ROLES, slots),
    Route("POST", "/slots", ROLES, open_slot),
    Route("POST", "/slots/{slot}/withdraw", ROLES, withdraw),
    Route("POST", "/slots/{slot}/claim", ROLES, claim),
    Route("GET", "/claims/{claim}/house", ROLES, ask_house),
    Route("POST", "/claims/{claim}/house", ROLES, house),
    Route("GET", "/claims/{claim}/reverse", ROLES, ask_reverse),
    Route("POST", "/claims/{claim}/reverse", ROLES, reverse),
)
