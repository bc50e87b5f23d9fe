"""`doorstroom beds import`: post the free beds of a spreadsheet, all of them or none."""

import hashlib
from collections.abc import Sequence
from typing import BinaryIO
from uuid import UUID

import click

from doorstroom_client import Client, ProblemError
from doorstroom_client.spreadsheets.bed_rows import COLUMNS, BedRow, read_rows
from doorstroom_client.spreadsheets.plan import Action, Step, plan, to_post
from doorstroom_client.spreadsheets.sheet import LARGEST_BYTES, Fault, Faulty, Row, read_sheet
from schemas.api.shelters import NewVacancies, Vacancies, Vacancy
from schemas.base import Schema, UtcDatetime
from services.cli.errors import Failed
from services.cli.remote.calling import EXIT_INVALID, call, remote
from services.cli.remote.output import show

SHOWN_LIMIT = 500
KEYS_LIMIT = 20
INVALID = 400
_SAID = {Action.POST: "posted", Action.ADD: "added and posted"}
_WOULD = {Action.POST: "would be posted", Action.ADD: "would be added and posted"}


class ImportedBed(Schema):
    """What became of a row, or would."""

    line: int
    action: Action
    outcome: str
    unit_id: UUID | None
    vacancy_id: UUID | None
    lease_expires_at: UtcDatetime | None


_TABLE = {
    "LINE": "line",
    "OUTCOME": "outcome",
    "UNIT": "unit_id",
    "VACANCY": "vacancy_id",
    "VALID UNTIL": "lease_expires_at",
}


@click.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Look whether it could be imported, and change nothing.")
@remote
def import_command(file: BinaryIO, profile: str | None, *, dry_run: bool, as_json: bool) -> None:
    """Import the free beds in FILE, CSV or xlsx.

    CSV is in UTF-8; - reads standard input. A row names a unit of yours (unit), or describes a new one (programme,
    places, sexes, age_bands, children and more); docs/integrators-guide.md has the columns, in English and in Dutch.
    Columns with other headings are left alone, which is told. When any row is wrong, everything that is wrong is told
    with its lines, and nothing is imported. A unit that is in service is left alone, so the same file can be imported
    again.
    """
    try:
        rows = read_sheet(file.read(LARGEST_BYTES + 1), COLUMNS, lambda note: click.echo(note, err=True))
        imported = call(profile, lambda client: _import(client, rows, dry_run=dry_run))
    except Faulty as error:
        raise _told(error) from None
    show(imported, _TABLE, as_json=as_json, nothing="the file has no rows")


async def _import(client: Client, rows: Sequence[Row], *, dry_run: bool) -> list[ImportedBed]:
    facilities = [facility.facility_id async for facility in client.list_facilities()]
    steps = plan(read_rows(rows, facilities), [unit async for unit in client.list_units()])
    wanted = to_post(steps)
    if dry_run:
        return [_would(step) for step in steps]
    posted = await _post(client, wanted) if wanted else []
    vacancies = dict(zip([step.row.line for step in wanted], posted, strict=True))
    return [_did(step, vacancies.get(step.row.line)) for step in steps]


async def _post(client: Client, steps: Sequence[Step]) -> list[Vacancy]:
    """Post them with a key that follows from what is asked: asked by two at once, it happens once.

    The server keeps an answer for a day. Who took a bed back in that day, and asks for the same again, would get the
    old answer: then its vacancies are over, and the next key is used.
    """
    body = NewVacancies(vacancies=[step.request for step in steps])
    content = hashlib.sha256(body.model_dump_json().encode()).hexdigest()
    for number in range(1, KEYS_LIMIT + 1):
        try:
            answer = await client.post_vacancies(body, f"beds-import-{content}-{number}")
        except ProblemError as error:
            raise _with_lines(error, [step.row for step in steps]) from None
        if await _are_running(client, answer):
            return answer.vacancies
    raise Failed("the same beds were imported and taken back too often today; post them with `doorstroom beds post`")


async def _are_running(client: Client, answer: Vacancies) -> bool:
    running = {unit.vacancy_id async for unit in client.list_units()}
    return all(vacancy.vacancy_id in running for vacancy in answer.vacancies)


def _with_lines(error: ProblemError, rows: Sequence[BedRow]) -> Exception:
    """What the server finds wrong, with the lines of the file in the place of its own numbers."""
    if error.status != INVALID or not error.problem.errors:
        return error
    faults = []
    for field in error.problem.errors:
        number, _, rest = field.pointer.removeprefix("/vacancies/").partition("/")
        line = rows[int(number)].line if number.isdecimal() and int(number) < len(rows) else 0
        # What the server says is no template.
        faults.append(Fault(line, "%(told)s", {"told": field.message}, rest))
    return Faulty(faults)


def _would(step: Step) -> ImportedBed:
    outcome = _WOULD.get(step.action) or _left(step)
    return _outcome(step, outcome, None)


def _did(step: Step, vacancy: Vacancy | None) -> ImportedBed:
    return _outcome(step, _SAID.get(step.action) or _left(step), vacancy)


def _left(step: Step) -> str:
    return "left alone" if step.unit is None else f"is {step.unit.state} already"


def _outcome(step: Step, outcome: str, vacancy: Vacancy | None) -> ImportedBed:
    there = vacancy or step.unit
    return ImportedBed(
        line=step.row.line,
        action=step.action,
        outcome=outcome,
        unit_id=None if there is None else there.unit_id,
        vacancy_id=None if there is None else there.vacancy_id,
        lease_expires_at=None if there is None else there.lease_expires_at,
    )


def _told(error: Faulty) -> Failed:
    """Everything that is wrong, then what it comes to."""
    for fault in error.faults[:SHOWN_LIMIT]:
        click.echo(str(fault), err=True)
    more = len(error.faults) - SHOWN_LIMIT
    if more > 0:
        click.echo(f"and {more} more", err=True)
    return Failed(f"{len(error.faults)} fault(s) in the file; nothing was imported", EXIT_INVALID)
