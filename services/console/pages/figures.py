"""What people would rather look at than read: pictures of the chain, each with its table and a download."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from services.chassis.identity import Role
from services.console.pages import figures_drawn as drawn
from services.console.web.formats import Formats
from services.console.web.pictures import Picture, draw
from services.console.web.refusals import Refused
from services.console.web.route import Route
from services.console.web.sheets import sheet
from services.console.web.texts import later
from services.console.web.visit import Visit

WATCHERS = frozenset({Role.HELPDESK, Role.AUDITOR})


@dataclass(frozen=True, slots=True)
class Figure:
    """A page with one picture."""

    title: str
    lead: str
    roles: frozenset[Role]
    make: Callable[[Visit], Awaitable[Picture]]


FIGURES: Mapping[str, Figure] = {
    "waiting": Figure(
        later("Who waits"),
        later("People on all lists together, at the end of each month, and the average of the year."),
        WATCHERS,
        drawn.waiting,
    ),
    "occupancy": Figure(
        later("Occupancy"),
        later("Places in shelters where somebody lives, against those under contract, at the end of each month."),
        WATCHERS | {Role.PROVIDER, Role.OPERATOR},
        drawn.occupancy,
    ),
    "speed": Figure(
        later("How long it takes"),
        later("From a free place in a shelter to its first offer and to its acceptance, in hours. Half took longer."),
        WATCHERS,
        drawn.speed,
    ),
    "quota": Figure(
        later("Quota"),
        later("How much of its task each municipality has done, and how much is asked for by now, in per cent."),
        WATCHERS | {Role.OPERATOR},
        drawn.quota,
    ),
    "flow": Figure(
        later("From home to bed"),
        later("Homes that were opened, homes that households moved into, and places in shelters that came free by it."),
        WATCHERS,
        drawn.flow,
    ),
}
ROLES = frozenset[Role]().union(*(figure.roles for figure in FIGURES.values()))


async def figures(visit: Visit) -> web.Response:
    """The first that they may see."""
    return visit.redirect(f"/figures/{next(iter(_mine(visit)))}")


async def figure(visit: Visit) -> web.Response:
    """One picture, with its table."""
    name, mine = visit.request.match_info["figure"], _mine(visit)
    chosen = _chosen(mine, name)
    picture = await chosen.make(visit)
    show = Formats(visit.language, visit.now)
    drawing = draw(picture, show.decimal) if picture.labels else None
    return visit.page("figure.html", figure=chosen, figures=mine, name=name, picture=picture, drawing=drawing)


async def download(visit: Visit) -> web.Response:
    """The table, for a spreadsheet."""
    name = visit.request.match_info["figure"]
    picture = await _chosen(_mine(visit), name).make(visit)
    values: Sequence[Sequence[float | None]] = [series.values for series in picture.columns]
    header = [picture.first, *(series.label for series in picture.columns)]
    text = sheet(header, ([label, *row] for label, *row in zip(picture.labels, *values, strict=True)))
    response = web.Response(text=text, content_type="text/csv", charset="utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="doorstroom-{name}.csv"'
    return visit.finished(response)


def _mine(visit: Visit) -> dict[str, Figure]:
    return {name: figure for name, figure in FIGURES.items() if visit.role in figure.roles}


def _chosen(mine: Mapping[str, Figure], name: str) -> Figure:
    if name not in mine:
        raise Refused(404)
    return mine[name]


ROUTES = (
    Route("GET", "/figures", ROLES, figures),
    Route("GET", "/figures/{figure}", ROLES, figure),
    Route("GET", "/figures/{figure}/table", ROLES, download),
)
