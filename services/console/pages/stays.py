"""Who comes and goes in a provider's units: arrivals, no-shows, departures, and when one is expected."""

from datetime import timedelta

from aiohttp import web

from schemas.api.shelters import NewExpectedExit
from schemas.vocabulary import DelayReason, DepartureReason, UnitState
from services.console.pages.beds import ROLES, Place, find_places, unit_of_vacancy
from services.console.web.forms import choice, day, done, form_key, new_key, path_id
from services.console.web.refusals import Refused
from services.console.web.route import Route
from services.console.web.texts import translations
from services.console.web.visit import Visit

EXPECTED_WITHIN = timedelta(days=5 * 365)


async def arrive(visit: Visit) -> web.Response:
    """They are there."""
    return await done(
        visit, visit.client.confirm_arrival(path_id(visit, "vacancy"), form_key(visit)), "/beds", "arrived"
    )


async def ask_no_show(visit: Visit) -> web.Response:
    """Ask whether they are sure: somebody else gets the place at once."""
    unit = await unit_of_vacancy(visit)
    if unit.state is not UnitState.RESERVED:
        return visit.redirect("/beds", "not-possible")
    return visit.page("bed_no_show.html", unit=unit, key=new_key())


async def no_show(visit: Visit) -> web.Response:
    """They did not come."""
    asked = visit.client.report_no_show(path_id(visit, "vacancy"), form_key(visit))
    return await done(visit, asked, "/beds", "no-show")


async def ask_departure(visit: Visit) -> web.Response:
    """Ask where they went, as far as anybody is told."""
    return await _page(visit, "bed_departure.html", DepartureReason)


async def depart(visit: Visit) -> web.Response:
    """They have left."""
    reason = choice(visit, "reason", DepartureReason)
    if reason is None:
        error = translations(visit.language).gettext("Choose a reason.")
        return await _page(visit, "bed_departure.html", DepartureReason, error)
    asked = visit.client.record_departure(path_id(visit, "unit"), reason, form_key(visit))
    return await done(visit, asked, "/beds", "departed")


async def ask_exit(visit: Visit) -> web.Response:
    """Ask when they are expected to leave."""
    return await _page(visit, "bed_exit.html", DelayReason)


async def expect_exit(visit: Visit) -> web.Response:
    """It is expected on a day, or not known any more."""
    today = visit.today
    leaves_on, is_right = day(visit, "on", today, today + EXPECTED_WITHIN)
    if not is_right:
        error = translations(visit.language).gettext("Give a day from today on, within five years; or leave it empty.")
        return await _page(visit, "bed_exit.html", DelayReason, error)
    expected = NewExpectedExit(
        unit_id=path_id(visit, "unit"), expected_exit_on=leaves_on, delay_reason=choice(visit, "reason", DelayReason)
    )
    return await done(visit, visit.client.expect_exit(expected, form_key(visit)), "/beds", "exit-expected")


async def _page(
    visit: Visit, template: str, reasons: type[DepartureReason] | type[DelayReason], error: str | None = None
) -> web.Response:
    place = await _occupied(visit)
    if place is None:
        return visit.redirect("/beds", "not-possible")
    status = 200 if error is None else 400
    return visit.page(
        template,
        status,
        unit=place.unit,
        stay=place.stay,
        reasons=list(reasons),
        error=error,
        today=visit.today,
        key=new_key(),
    )


async def _occupied(visit: Visit) -> Place | None:
    """The unit in the address, when somebody lives there. Raises Refused."""
    unit_id = path_id(visit, "unit")
    place = next((place for place in await find_places(visit) if place.unit.unit_id == unit_id), None)
    if place is None:
        raise Refused(404)
    return place if place.stay is not None and place.unit.state is UnitState.OCCUPIED else None


ROUTES = (
    Route("POST", "/vacancies/{vacancy}/arrive", ROLES, arrive),
    Route("GET", "/vacancies/{vacancy}/no-show", ROLES, ask_no_show),
    Route("POST", "/vacancies/{vacancy}/no-show", ROLES, no_show),
    Route("GET", "/units/{unit}/departure", ROLES, ask_departure),
    Route("POST", "/units/{unit}/departure", ROLES, depart),
    Route("GET", "/units/{unit}/exit", ROLES, ask_exit),
    Route("POST", "/units/{unit}/exit", ROLES, expect_exit),
)
