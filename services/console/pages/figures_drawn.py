"""What each picture shows, from what the APIs tell."""

import asyncio
from collections.abc import Sequence
from datetime import date

from babel.dates import format_date, format_skeleton

from schemas.api.overviews import MonthOfChain, OccupancyOfMonth
from services.console.web.collecting import collected
from services.console.web.pictures import Picture, Series, Shape
from services.console.web.texts import locale, translations
from services.console.web.visit import Visit

Months = Sequence[MonthOfChain] | Sequence[OccupancyOfMonth]

PER_CENT = 100


async def waiting(visit: Visit) -> Picture:
    """People on all lists, and the average."""
    gettext = translations(visit.language).gettext
    months = (await visit.client.get_months()).months
    people = [sum(item.people for item in month.waiting) for month in months]
    households = [sum(item.households for item in month.waiting) for month in months]
    average = round(sum(people) / len(people), 1)
    drawn = (
        Series(gettext("People who wait"), people),
        Series(gettext("Average of the year"), [average] * len(people)),
    )
    table = (Series(gettext("Households"), households),)
    return Picture(Shape.LINES, gettext("Month"), _names(visit, months), drawn, table, _short(visit, months))


async def occupancy(visit: Visit) -> Picture:
    """All programmes together."""
    gettext = translations(visit.language).gettext
    months = (await visit.client.get_occupancy()).months
    occupied = [sum(item.places_occupied for item in month.programmes) for month in months]
    contracted = [_together([item.contracted_places for item in month.programmes]) for month in months]
    drawn = (Series(gettext("Occupied"), occupied), Series(gettext("Under contract"), contracted))
    return Picture(Shape.BARS, gettext("Month"), _names(visit, months), drawn, short=_short(visit, months))


async def speed(visit: Visit) -> Picture:
    """Of the places that were accepted in each month."""
    gettext = translations(visit.language).gettext
    months = (await visit.client.get_months()).months
    drawn = (
        Series(gettext("To the first offer"), [month.hours_to_offer for month in months]),
        Series(gettext("To acceptance"), [month.hours_to_acceptance for month in months]),
    )
    accepted = Series(gettext("Places accepted"), [month.accepted for month in months])
    return Picture(Shape.BARS, gettext("Month"), _names(visit, months), drawn, (accepted,), _short(visit, months))


async def quota(visit: Visit) -> Picture:
    """Each municipality, the furthest behind on top."""
    gettext, client = translations(visit.language).gettext, visit.client
    quotas, found = await asyncio.gather(collected(client.list_quotas()), collected(client.list_municipalities()))
    names = {one.municipality_code: one.name for one in found}
    quotas.sort(key=lambda one: (one.housed - one.expected) / max(one.task, 1))
    drawn = (
        Series(gettext("Moved in, %"), [_per_cent(one.housed, one.task) for one in quotas]),
        Series(gettext("Asked for by now, %"), [_per_cent(one.expected, one.task) for one in quotas]),
    )
    table = (
        Series(gettext("Task"), [one.task for one in quotas]),
        Series(gettext("Moved in"), [one.housed for one in quotas]),
        Series(gettext("Claimed"), [one.claimed for one in quotas]),
    )
    labels = [names.get(one.municipality_code, one.municipality_code) for one in quotas]
    return Picture(Shape.ROWS, gettext("Municipality"), labels, drawn, table)


async def flow(visit: Visit) -> Picture:
    """From the home to the bed that comes free."""
    gettext = translations(visit.language).gettext
    months = (await visit.client.get_months()).months
    drawn = (
        Series(gettext("Homes opened"), [month.homes_opened for month in months]),
        Series(gettext("Moved into"), [month.homes_moved_into for month in months]),
        Series(gettext("Beds that came free"), [month.beds_freed for month in months]),
    )
    return Picture(Shape.BARS, gettext("Month"), _names(visit, months), drawn, short=_short(visit, months))


def _names(visit: Visit, months: Months) -> list[str]:
    """Such as "nov 2026"."""
    return [format_skeleton("yMMM", _first_day(month), locale=locale(visit.language)) for month in months]


def _short(visit: Visit, months: Months) -> list[str]:
    """Such as "nov"; where a year begins, that."""
    days = [_first_day(month) for month in months]
    return [str(day.year) if day.month == 1 else format_date(day, "MMM", locale=locale(visit.language)) for day in days]


def _first_day(month: MonthOfChain | OccupancyOfMonth) -> date:
    return date.fromisoformat(f"{month.month}-01")


def _together(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _per_cent(part: int, whole: int) -> float:
    return round(PER_CENT * part / whole, 1) if whole else float(PER_CENT)
