"""`doorstroom audit`: whether the audit log is as it was written, and what it says."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import click
from sqlalchemy import or_, select

from services.chassis.audit import AuditTables, Head, verify
from services.chassis.audit.chain import head
from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.cli.databases import AUDITED, find_database, find_databases, opened
from services.cli.options import DATA
from services.registry.store.references import References
from services.registry.tables import cases

T = TypeVar("T")

LINES_LIMIT = 10_000
_NOTED = re.compile(r"(\w+):(\d{1,18}):([0-9a-f]{64})")
_SHOWN = (
    *("at", "action", "result", "status", "organisation", "role", "subject", "origin", "objects", "cases"),
    *("request_id", "trace_id"),
)


@click.group()
def audit() -> None:
    """Audit log: who did or asked what; verify it, list it.

    Each service has its own, in its database. --data names the folder that `make run` or `make run-distributed` works
    in; in any other installation DOORSTROOM_REGISTRY_DATABASE_URL, DOORSTROOM_SHELTERS_DATABASE_URL and so on name the
    databases.
    """


@audit.command("verify")
@click.argument("services", nargs=-1, type=click.Choice(list(AUDITED)))
@DATA
@click.option("--noted", multiple=True, metavar="SERVICE:LINE:DIGEST", help="An end that was printed and kept earlier.")
def verify_command(services: Sequence[str], data: Path, noted: Sequence[str]) -> None:
    """Look whether any line was changed or removed since it was written.

    Each line is sealed with all before it. The end of each log is printed as SERVICE:LINE:DIGEST: keep it elsewhere and
    give it with --noted the next time, and lines that were taken from the end are found as well. Exits with 1 when
    anything was found.
    """
    heads = _heads(noted)
    urls = {name: find_database(name, data, only=len(services) == 1) for name in services} or find_databases(data)
    found = {name: asyncio.run(_verify(name, url, heads.get(name))) for name, url in urls.items()}
    for name, (findings, end) in found.items():
        for finding in findings:
            click.echo(f"{name}: {finding}")
        click.echo(f"{name}: {len(findings)} finding(s); it ends with {name}:{end.sequence}:{end.digest}")
    if any(findings for findings, _ in found.values()):
        raise click.exceptions.Exit(1)


@audit.command("list")
@click.argument("service", type=click.Choice(list(AUDITED)))
@DATA
@click.option("--case", type=click.UUID, help="Only what was about this case.")
@click.option("--organisation", help="Only what this organisation did or asked.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help="In UTC.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each line.")
def list_command(
    service: str, data: Path, case: UUID | None, organisation: str | None, since: datetime | None, *, as_json: bool
) -> None:
    """Show what was done or asked in SERVICE, the last 10,000 lines at most, the earliest first."""
    url = find_database(service, data)
    log = AUDITED[service].audit.log
    query = select(log).order_by(log.c.sequence.desc()).limit(LINES_LIMIT)
    if case is not None:
        named = asyncio.run(_read(service, url, partial(_named, case))) if service == "registry" else [case]
        # The text of a JSON list of ids; an id is found in it as it is.
        query = query.where(
            or_(*(column.contains(str(id_)) for column in (log.c.cases, log.c.objects) for id_ in named))
        )
    if organisation is not None:
        query = query.where(log.c.organisation == organisation)
    if since is not None:
        query = query.where(log.c.at >= since.replace(tzinfo=UTC))
    for row in reversed(asyncio.run(_read(service, url, partial(UnitOfWork.execute, statement=query)))):
        click.echo(json.dumps(_document(row)) if as_json else _line(row))


async def _named(case: UUID, unit: UnitOfWork) -> list[UUID]:
    """What a case is called: by its id, and by its coordinator's reference, which whoever was refused may have sent."""
    owner = await unit.execute(select(cases.c.coordinator).where(cases.c.id == case))
    return [case, *[(await References().of(unit, row.coordinator)).to(case) for row in owner]]


def _heads(noted: Sequence[str]) -> dict[str, Head]:
    heads = {}
    for text in noted:
        found = _NOTED.fullmatch(text)
        if found is None or found[1] not in AUDITED:
            raise click.UsageError("--noted is SERVICE:LINE:DIGEST, as `doorstroom audit verify` printed it")
        heads[found[1]] = Head(int(found[2]), found[3])
    return heads


async def _verify(service: str, url: str, noted: Head | None) -> tuple[list[str], Head]:
    tables = AUDITED[service].audit

    def progress(lines: int) -> None:
        if lines % 100_000 == 0:
            click.echo(f"{service}: {lines} lines", err=True)

    async with opened(url, service) as transactions:
        return await transactions.read(partial(_look, tables, noted, progress))


async def _look(
    tables: AuditTables, noted: Head | None, progress: Callable[[int], None], unit: UnitOfWork
) -> tuple[list[str], Head]:
    return await verify(unit, tables, noted, progress), await head(unit, tables)


async def _read(service: str, url: str, work: Callable[[UnitOfWork], Awaitable[Sequence[T]]]) -> list[T]:
    async with opened(url, service) as transactions:
        return list(await transactions.read(work))


def _document(row: Row) -> dict[str, object]:
    document = {name: row[name] for name in _SHOWN}
    return document | {
        "at": row["at"].isoformat(),
        "objects": json.loads(row["objects"]),
        "cases": json.loads(row["cases"]),
    }


def _line(row: Row) -> str:
    about = " ".join([*json.loads(row["objects"]).values(), *json.loads(row["cases"])])
    who = f"{row['organisation'] or '-'} {row['role'] or '-'}"
    return f"{row['at']:%Y-%m-%dT%H:%M:%SZ} {row['action']} {row['result']} {row['status']} {who} {about}".rstrip()
