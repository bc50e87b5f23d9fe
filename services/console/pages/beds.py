"""The provider's board: every unit and its state; what is free is posted, affirmed and taken back."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import TypeVar
from uuid import UUID

from aiohttp import web

from schemas.api.shelters import Affirmation, NewVacancy, ProviderReason, Stay, Unit
from schemas.vocabulary import UnitState, WithdrawalReason
from services.chassis.identity import Role
from services.console.web.forms import choice, done, form_key, new_key, path_id
from services.console.web.refusals import Refused
from services.console.web.route import Route
from services.console.web.texts import translations
from services.console.web.visit import Visit

Item = TypeVar("Item")

ROLES = frozenset({Role.PROVIDER})
SHOWN = 1000
SOON_HOURS = 24
"""A lease that ends within so many hours is on top."""
NEVER = datetime.max.replace(tzinfo=UTC)
LEASED = frozenset({UnitState.FREE, UnitState.HELD})
ORDER = (UnitState.RESERVED, UnitState.FREE, UnitState.HELD, UnitState.OUT_OF_SERVICE, UnitState.OCCUPIED)
REASONS: tuple[ProviderReason, ...] = (
    WithdrawalReason.WITHDRAWN,
    WithdrawalReason.MAINTENANCE,
    WithdrawalReason.SAFETY,
    WithdrawalReason.CONTRACT_ENDED,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A unit, and the household in it."""

    unit: Unit
    stay: Stay | None

    @property
    def leaves_on(self) -> date | None:
        """When it is expected to come free."""
        return None if self.stay is None else self.stay.expected_exit_on


async def board(visit: Visit) -> web.Response:
    """Questions and what lapses soon on top; then every facility's units by state, what asks for something first."""
    places, enquiries = await asyncio.gather(find_places(visit), every(visit.client.list_enquiries()))
    soon = [place for place in places if _lapses_soon(visit, place.unit)]
    return visit.page(
        "beds.html",
        enquiries=sorted(enquiries, key=lambda enquiry: enquiry.answer_before_at),
        soon=sorted(soon, key=lambda place: place.unit.lease_expires_at or NEVER),
        facilities=_by_facility(places),
        counts=Counter(place.unit.state for place in places),
        states=ORDER,
        today=visit.today,
        key=new_key,
    )


def _by_facility(places: Sequence[Place]) -> list[tuple[UUID, list[Place]]]:
    def order(place: Place) -> tuple[object, ...]:
        unit = place.unit
        first = unit.lease_expires_at or NEVER, place.leaves_on or date.max
        return str(unit.facility_id), ORDER.index(unit.state), *first

    found = sorted(places, key=order)
    return [(facility, list(own)) for facility, own in groupby(found, key=lambda place: place.unit.facility_id)]


def _lapses_soon(visit: Visit, unit: Unit) -> bool:
    ends_at = unit.lease_expires_at
    return unit.state in LEASED and ends_at is not None and (ends_at - visit.now).total_seconds() < SOON_HOURS * 3600


async def post(visit: Visit) -> web.Response:
    """A unit is free."""
    asked = visit.client.post_vacancy(NewVacancy(unit_id=path_id(visit, "unit")), form_key(visit))
    return await done(visit, asked, "/beds", "posted", "not-posted")


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
    unit = await unit_of_vacancy(visit)
    status = 200 if error is None else 400
    return visit.page("bed_withdraw.html", status, unit=unit, reasons=REASONS, error=error, key=new_key())


async def unit_of_vacancy(visit: Visit) -> Unit:
    """The unit whose present episode is in the address. Raises Refused."""
    vacancy_id = path_id(visit, "vacancy")
    units = await every(visit.client.list_units())
    unit = next((unit for unit in units if unit.vacancy_id == vacancy_id), None)
    if unit is None:
        raise Refused(404)
    return unit


async def find_places(visit: Visit) -> list[Place]:
    """All units, with who lives there since when. Raises Refused when there are more than any page could show."""
    units, stays = await asyncio.gather(every(visit.client.list_units()), every(visit.client.list_stays()))
    by_unit = {stay.unit_id: stay for stay in stays}
    return [Place(unit, by_unit.get(unit.unit_id)) for unit in units]


async def every(items: AsyncIterable[Item]) -> list[Item]:
    """All of a list. Raises Refused when there are more than any page could show."""
    found = []
    async for item in items:
        found.append(item)
        if len(found) > SHOWN:
            raise Refused(413)
    return found


ROUTES = (
    Route("GET", "/beds", ROLES, board),
    Route("POST", "/units/{unit}/post", ROLES, post),
    Route("POST", "/vacancies/{vacancy}/affirm", ROLES, affirm),
    Route("GET", "/vacancies/{vacancy}/withdraw", ROLES, ask_withdraw),
    Route("POST", "/vacancies/{vacancy}/withdraw", ROLES, withdraw),
)
