"""`doorstroom municipalities`: import their populations, and merge them."""

import io
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import click

from services.cli.municipal import settings_for, work_on
from services.cli.options import DATA
from services.municipalities.domain.census import COLUMNS, BadRows, CountedMunicipality, read_populations, told
from services.municipalities.domain.mergers import Merger
from services.municipalities.handlers import municipalities as handlers

LARGEST_BYTES = 20 * 1024 * 1024
SHOWN_LIMIT = 500
DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def municipalities() -> None:
    """Municipalities: import their populations, merge them.

    In the embedded mode --data names the folder with the databases. In the distributed mode DOORSTROOM_DATABASE_URL
    names the service's database.
    """


@municipalities.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--ref-date", type=DAY, metavar="DATE", help="Only the rows of this date; without it, all rows.")
@DATA
def import_command(file: BinaryIO, ref_date: datetime | None, data: Path) -> None:
    """Import municipalities with their populations from FILE, a CSV in UTF-8 (- reads standard input).

    Its columns are cbs_code,name,province,population,ref_date, in any order, under a header; other columns are left
    alone. A ref_date is a 1 January; a list that has rows of other days beside those is imported one date at a time,
    with --ref-date. When any row is wrong, everything that is wrong is told with its lines, and nothing is imported.
    Importing the same again changes nothing; a revised population replaces the one before, until quotas rest on it.
    """
    counted = _read(file, None if ref_date is None else ref_date.date().isoformat())
    settings = settings_for(data, create=True)
    try:
        imported = work_on(settings, lambda unit: handlers.import_populations(unit, counted))
    except BadRows as error:
        raise _told(error) from None
    days = ", ".join(sorted({row.ref_date.isoformat() for row in counted}))
    click.echo(
        f"{len(counted)} row(s) of {days}: {imported.municipalities} new municipalities; {imported.populations} new, "
        f"{imported.corrected} corrected and {imported.unchanged} unchanged populations"
    )


@municipalities.command("merge")
@click.argument("code")
@click.option("--from", "parts", multiple=True, required=True, help="A municipality that ends; once for each.")
@click.option("--on", "day", type=DAY, metavar="DATE", required=True, help="The day of the merger, such as 2023-01-01.")
@click.option("--name", help="Of the new municipality, when it is not registered yet.")
@click.option("--population", type=click.IntRange(1, 20_000_000), help="What the province set, until CBS counts it.")
@DATA
def merge_command(
    code: str, parts: tuple[str, ...], day: datetime, name: str | None, population: int | None, data: Path
) -> None:
    """Register that municipalities become one, whose CBS code is CODE.

    On that day, or at once when it has come, the ledger, the slots and the claims of the old ones go over to it.
    """
    merger = Merger(tuple(sorted(set(parts))), code, day.date(), population)
    if not all(_is_code(part) for part in (code, *parts)):
        raise click.UsageError("a CBS code is GM and four digits")
    work_on(settings_for(data), lambda unit: handlers.merge(unit, merger, name))
    click.echo(f"{len(merger.parts)} municipalities become {code} on {day.date()}")


def _read(file: BinaryIO, only: str | None) -> list[CountedMunicipality]:
    content = file.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise click.ClickException(f"the file is larger than {LARGEST_BYTES} bytes; divide it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise click.ClickException(f"line {line}: not UTF-8; save the file in UTF-8. Nothing was imported.") from None
    try:
        return read_populations(io.StringIO(text, newline=""), only)
    except BadRows as error:
        raise _told(error) from None


def _told(error: BadRows) -> click.ClickException:
    """Everything that is wrong, with its lines, then what to do."""
    problems = told(error.rows)
    for problem in problems[:SHOWN_LIMIT]:
        click.echo(problem, err=True)
    more = len(problems) - SHOWN_LIMIT
    if more > 0:
        click.echo(f"and {more} more", err=True)
    hint = f"Put them right (the columns are {','.join(COLUMNS)}), or import one date with --ref-date."
    return click.ClickException(f"{error} {hint}")


def _is_code(text: str) -> bool:
    return len(text) == len("GM0000") and text.startswith("GM") and text[2:].isdecimal()
