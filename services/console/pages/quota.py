"""How far the task of a half-year is, now or on a day: a municipality's own, or everybody's for who watches."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from aiohttp import web

from schemas.api.municipalities import Quota
from services.chassis.identity import Role
from services.console.web.formats import NETHERLANDS
from services.console.web.forms import read_day
from services.console.web.refusals import Refused
from services.console.web.route import Route
from services.console.web.texts import translations
from services.console.web.visit import Visit

ROLES = frozenset({Role.MUNICIPALITY, Role.AUDITOR, Role.OPERATOR})
MUNICIPALITIES_LIMIT = 1000
"""There are fewer than 350."""
MONTHS = 6
HALF_YEAR = re.compile(r"20[0-9]{2}-H[12]")
LONGEST = timedelta(days=20 * 366)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which half-year, as it stood on which day."""

    half_year: str
    on: date | None
    """None: now."""
    months_passed: int
    """Of the half-year, whole ones, by that day."""
    error: str | None


async def quota(visit: Visit) -> web.Response:
    """Of this half-year, or of another, now or on a day in the past."""
    asked = _asked(visit)
    quotas = await _quotas(visit, asked)
    known = {found.half_year async for found in visit.client.list_half_years()} | {asked.half_year}
    values = {"asked": asked, "half_years": sorted(known, reverse=True), "today": visit.today}
    status = 200 if asked.error is None else 400
    if visit.role is Role.MUNICIPALITY:
        return visit.page("quota.html", status, quota=quotas[0] if quotas else None, **values)
    names = {found.municipality_code: found.name async for found in visit.client.list_municipalities()}
    return visit.page("quotas.html", status, quotas=quotas, names=names, **values)


async def _quotas(visit: Visit, asked: Asked) -> list[Quota]:
    quotas: list[Quota] = []
    async for found in visit.client.list_quotas(asked.half_year, _end_of(visit, asked.on)):
        quotas.append(found)
        if len(quotas) > MUNICIPALITIES_LIMIT:
            raise Refused(413)
    return quotas


def _asked(visit: Visit) -> Asked:
    """What the address says. What is wrong with it counts for nothing, and is told."""
    today, query = visit.today, visit.request.query
    on, is_right = read_day(query.get("on", ""), today - LONGEST, today)
    error = None if is_right else translations(visit.language).gettext("Give a day in the past, or leave it empty.")
    half_year = query.get("half") or _half_year_of(on or today)
    if not HALF_YEAR.fullmatch(half_year):
        raise Refused(404)
    return Asked(half_year, on, _months_passed(half_year, on or today), error)


def _end_of(visit: Visit, day: date | None) -> datetime | None:
    """The end of the day, as far as that has come."""
    if day is None:
        return None
    return min(datetime.combine(day + timedelta(days=1), time(), NETHERLANDS), visit.now)


def _half_year_of(day: date) -> str:
    return f"{day.year}-H{1 if day.month <= MONTHS else 2}"


def _months_passed(half_year: str, day: date) -> int:
    """Whole months of the half-year before this day, none and six at the ends."""
    first = date(int(half_year[:4]), 1 if half_year.endswith("H1") else MONTHS + 1, 1)
    return max(0, min(MONTHS, (day.year - first.year) * 12 + day.month - first.month))


ROUTES = (Route("GET", "/quota", ROLES, quota),)
