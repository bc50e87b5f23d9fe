"""The provider's board: every unit and its state; what is free is posted, affirmed and taken back."""

from collections import Counter
from datetime import UTC, datetime

from aiohttp import web

from schemas.api.shelters import Affirmation, NewVacancy, ProviderReason, Unit
from schemas.vocabulary import UnitState, WithdrawalReason
from services.chassis.identity import Role
from services.console.web.forms import choice, done, form_key, new_key, path_id
from services.console.web.refusals import Refused
from services.console.web.route import Route
from services.console.web.texts import translations
from services.console.web.visit import Visit

ROLES = frozenset({Role.PROVIDER})
SHOWN = 1000
NEVER = datetime.max.replace(tzinfo=UTC)
ORDER = (UnitState.FREE, UnitState.HELD, UnitState.RESERVED, UnitState.OUT_OF_SERVICE, UnitState.OCCUPIED)
REASONS: tuple[ProviderReason, ...] = (
    WithdrawalReason.WITHDRAWN,
    WithdrawalReason.MAINTENANCE,
    WithdrawalReason.SAFETY,
    WithdrawalReason.CONTRACT_ENDED,
)


async def board(visit: Visit) -> web.Response:
    """All units; what lapses first on top."""
    units = await _units(visit)
    units.sort(key=lambda unit: (ORDER.index(unit.state), unit.lease_expires_at or NEVER))
    counts = Counter(unit.state for unit in units)
    return visit.page("beds.html", units=units, counts=counts, states=ORDER, key=new_key)


async def post(visit: Visit) -> web.Response:
    """A unit is free."""
    asked = visit.client.post_vacancy(NewVacancy(unit_id=path_id(visit, "unit")), form_key(visit))
    return await done(visit, asked, "/beds", "posted")


async def affirm(visit: Visit) -> web.Response:
    """It still is."""
    asked = visit.client.affirm_vacancy(path_id(visit, "vacancy"), Affirmation(), form_key(visit))
    return await done(visit, asked, "/beds", "affirmed")


async def ask_withdraw(visit: Visit) -> web.Response:
    """Ask for the reason."""
    return await _ask(visit)


async def withdraw(visit: Visit) -> web.Response:
    """It is not to be had after all."""
    reason = choice(visit, "reason", WithdrawalReason)
    if reason not in REASONS:
        return await _ask(visit, translations(visit.language).gettext("Choose a reason."))
    asked = visit.client.withdraw_vacancy(path_id(visit, "vacancy"), reason, form_key(visit))
    return await done(visit, asked, "/beds", "taken-back")


async def _ask(visit: Visit, error: str | None = None) -> web.Response:
    vacancy_id = path_id(visit, "vacancy")
    unit = next((unit for unit in await _units(visit) if unit.vacancy_id == vacancy_id), None)
    if unit is None:
        raise Refused(404)
    status = 200 if error is None else 400
    return visit.page("bed_withdraw.html", status, unit=unit, reasons=REASONS, error=error, key=new_key())


async def _units(visit: Visit) -> list[Unit]:
    """All of them. Raises Refused when there are more than any page could show."""
    units = []
    async for unit in visit.client.list_units():
        units.append(unit)
        if len(units) > SHOWN:
            raise Refused(413)
    return units


ROUTES = (
    Route("GET", "/beds", ROLES, board),
    Route("POST", "/units/{unit}/post", ROLES, post),
    Route("POST", "/vacancies/{vacancy}/affirm", ROLES, affirm),
    Route("GET", "/vacancies/{vacancy}/withdraw", ROLES, ask_withdraw),
    Route("POST", "/vacancies/{vacancy}/withdraw", ROLES, withdraw),
)
