"""A spreadsheet of free places: looked at first, and posted as a whole or not at all."""

import base64
import zlib
from collections.abc import Sequence

from aiohttp import web
from pydantic import ValidationError

from doorstroom_client import ProblemError
from doorstroom_client.spreadsheets.bed_rows import COLUMNS, DESCRIBING, read_rows
from doorstroom_client.spreadsheets.plan import Step, plan, to_post
from doorstroom_client.spreadsheets.sheet import Fault, Faulty, read_sheet
from schemas.api.shelters import NewVacancies
from schemas.texts import Language
from services.console.pages.beds import ROLES, every
from services.console.web.forms import form_key, new_key
from services.console.web.refusals import Refused
from services.console.web.route import Route
from services.console.web.texts import translations
from services.console.web.visit import Visit

FAULTS_SHOWN = 100
PLAN_LIMIT_BYTES = 1024 * 1024
NOT_ANY_MORE = frozenset({400, 404, 409})


async def ask(visit: Visit) -> web.Response:
    """Ask for the file, and say which columns it may have."""
    return _ask_page(visit)


async def look(visit: Visit) -> web.Response:
    """What would be done with each row; or everything that is wrong with the file."""
    content = visit.files.get("file")
    if not content:
        return _ask_page(visit, [Fault(0, translations(visit.language).gettext("Choose a file."))])
    try:
        steps = await _plan(visit, content)
        wanted = to_post(steps)
    except Faulty as faulty:
        return _ask_page(visit, faulty.faults)
    packed = _packed(NewVacancies(vacancies=[step.request for step in wanted])) if wanted else ""
    return visit.page("beds_preview.html", steps=steps, wanted=len(wanted), packed=packed, key=new_key())


async def post(visit: Visit) -> web.Response:
    """Post what was looked at: all of it, or nothing when something has changed since."""
    vacancies = _unpacked(visit.form.get("plan", ""))
    try:
        await visit.client.post_vacancies(vacancies, form_key(visit))
    except ProblemError as problem:
        if problem.status not in NOT_ANY_MORE:
            raise
        return visit.redirect("/beds", "not-imported")
    return visit.redirect("/beds", "imported")


async def _plan(visit: Visit, content: bytes) -> list[Step]:
    rows = read_sheet(content, COLUMNS)
    facilities = [facility.facility_id for facility in await every(visit.client.list_facilities())]
    return plan(read_rows(rows, facilities), await every(visit.client.list_units()))


def _ask_page(visit: Visit, faults: Sequence[Fault] = ()) -> web.Response:
    gettext = translations(visit.language).gettext
    told = [(fault, gettext(fault.text) % fault.values) for fault in faults[:FAULTS_SHOWN]]
    return visit.page(
        "beds_import.html",
        400 if faults else 200,
        headings=_headings(visit.language),
        describing=DESCRIBING,
        faults=told,
        more=max(0, len(faults) - FAULTS_SHOWN),
    )


def _headings(language: Language) -> dict[str, str]:
    """By column, its heading for whoever reads this: the Dutch one stands after the English one."""
    headings = dict[str, str]()
    for heading, column in COLUMNS.items():
        if language is Language.DUTCH or column not in headings:
            headings[column] = heading
    return headings


def _packed(vacancies: NewVacancies) -> str:
    """Small enough for a field of a form, from which it comes back."""
    return base64.urlsafe_b64encode(zlib.compress(vacancies.model_dump_json(exclude_none=True).encode())).decode()


def _unpacked(packed: str) -> NewVacancies:
    try:
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(base64.urlsafe_b64decode(packed), PLAN_LIMIT_BYTES)
        return NewVacancies.model_validate_json(content)
    except (ValueError, zlib.error, ValidationError):
        raise Refused(400) from None


ROUTES = (
    Route("GET", "/beds/import", ROLES, ask),
    Route("POST", "/beds/import", ROLES, look, takes_files=True),
    Route("POST", "/beds/import/post", ROLES, post),
)
