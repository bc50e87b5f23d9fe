"""Of a household: who tried to reach it, and where it must not go."""

import re
from typing import TypeVar

from aiohttp import web

from schemas.api.cases import (
    NewContactAttempt,
    NewExclusion,
)
from schemas.vocabulary import ContactChannel, ContactOutcome, ExclusionReason, Region
from services.console.pages.cases import ROLES
from services.console.web.forms import choice, done, form_key, new_key, path_id
from services.console.web.route import Route
from services.console.web.texts import translations
from services.console.web.visit import Visit

Found = TypeVar("Found")

NOT_FOUND = 404
MUNICIPALITY = re.compile(r"GM\d{4}")


async def ask_attempt(visit: Visit) -> web.Response:
    """Ask how they were tried, and what came of it."""
    return _attempt_page(visit, {})


async def log_attempt(visit: Visit) -> web.Response:
    """Somebody tried to reach them."""
    case_id = path_id(visit, "case")
    channel, outcome = choice(visit, "channel", ContactChannel), choice(visit, "outcome", ContactOutcome)
    if channel is None or outcome is None:
        error = translations(visit.language).gettext("Choose one.")
        given = {"channel": channel, "outcome": outcome}
        return _attempt_page(visit, {name: error for name, value in given.items() if value is None})
    attempt = NewContactAttempt(channel=channel, outcome=outcome)
    asked = visit.client.log_contact_attempt(case_id, attempt, form_key(visit))
    return await done(visit, asked, f"/cases/{case_id}", "attempt-logged")


def _attempt_page(visit: Visit, errors: dict[str, str]) -> web.Response:
    return visit.page(
        "case_attempt.html",
        400 if errors else 200,
        case_id=path_id(visit, "case"),
        channels=list(ContactChannel),
        outcomes=list(ContactOutcome),
        chosen=visit.form,
        errors=errors,
        key=new_key(),
    )


async def ask_exclusion(visit: Visit) -> web.Response:
    """Ask where they must not be, and why."""
    return _exclusion_page(visit, {})


async def exclude(visit: Visit) -> web.Response:
    """Keep them from a place."""
    case_id, gettext = path_id(visit, "case"), translations(visit.language).gettext
    region, reason = choice(visit, "region", Region), choice(visit, "reason", ExclusionReason)
    code = visit.form.get("municipality", "").strip().upper()
    errors = {}
    if (region is None) == (not MUNICIPALITY.fullmatch(code)):
        errors["place"] = gettext("Choose a police region, or give the code of a municipality; one of both.")
    if reason is None:
        errors["reason"] = gettext("Choose a reason.")
    if errors or reason is None:
        return _exclusion_page(visit, errors)
    exclusion = NewExclusion(region=region, municipality_code=None if region else code, reason=reason)
    asked = visit.client.add_exclusion(case_id, exclusion, form_key(visit))
    return await done(visit, asked, f"/cases/{case_id}", "excluded")


async def lift(visit: Visit) -> web.Response:
    """They may be there again."""
    case_id = path_id(visit, "case")
    asked = visit.client.lift_exclusion(case_id, path_id(visit, "exclusion"), form_key(visit))
    return await done(visit, asked, f"/cases/{case_id}", "exclusion-lifted")


def _exclusion_page(visit: Visit, errors: dict[str, str]) -> web.Response:
    return visit.page(
        "case_exclusion.html",
        400 if errors else 200,
        case_id=path_id(visit, "case"),
        regions=list(Region),
        reasons=list(ExclusionReason),
        chosen=visit.form,
        errors=errors,
        key=new_key(),
    )


ROUTES = (
    Route("GET", "/cases/{case}/contact", ROLES, ask_attempt),
    Route("POST", "/cases/{case}/contact", ROLES, log_attempt),
    Route("GET", "/cases/{case}/exclude", ROLES, ask_exclusion),
    Route("POST", "/cases/{case}/exclude", ROLES, exclude),
    Route("POST", "/cases/{case}/exclusions/{exclusion}/lift", ROLES, lift),
)
