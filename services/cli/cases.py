"""`doorstroom cases`: erase what says who somebody is; show what was done with their data; find whose it is."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import click

from services.chassis.audit import Action, Result, write
from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.cli.databases import TABLES, find_database, opened
from services.cli.options import DATA
from services.registry.handlers.personal import erase
from services.registry.store.cases import find_case
from services.registry.store.processing import Processing
from services.registry.store.references import References
from services.registry.store.vault import KEY_FILE, Vault

Answer = TypeVar("Answer")


@click.group()
def cases() -> None:
    """Cases: erase who somebody is, show what was done with their data, find one by a reference.

    --data names the folder that `make run` or `make run-distributed` works in; DOORSTROOM_DATABASE_URL names the
    registry's database in any other installation.
    """


@cases.command("erase")
@click.argument("case", type=click.UUID)
@DATA
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase_command(case: UUID, data: Path, *, yes: bool) -> None:
    """Destroy the key of CASE, and with it everything that says who it is about, in every copy.

    The case stays registered and is counted; what is known of its needs and its places in line stays. Nothing brings
    back what is erased: it is noted in `registry.erased` beside the registry's key, or in the file that
    DOORSTROOM_REGISTRY_ERASURES_FILE names, so that it is erased again when an older backup is put back. Exit code 1
    when there is no such case, or when you decide against it.
    """
    url = find_database("registry", data)
    _work(url, lambda unit: find_case(unit, case, None))
    if not yes:
        click.confirm("Everything that says who this is will be gone for good. Erase it?", abort=True)
    erased = _work(url, partial(_erase, registry_vault(data), case))
    click.echo("Erased: its key is destroyed." if erased else "Nothing personal was stored of it.")


@cases.command("log")
@click.argument("case", type=click.UUID)
@DATA
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each entry.")
def log_command(case: UUID, data: Path, *, as_json: bool) -> None:
    """Show what was done with the data of CASE, for who asks after their own (GDPR, article 15).

    Each entry has the processing activity, from when to when, and a trace's id, by which the line in the audit log is
    found that says who. DOORSTROOM_REGISTRY_KEY_FILE names the registry's key, unless it is in the folder of --data.
    Exit code 1 when there is no such case. That somebody looked is in the audit log.
    """
    entries = _work(find_database("registry", data), partial(_log, Processing(registry_vault(data), ""), case))
    for entry in entries:
        click.echo(json.dumps(_document(entry)) if as_json else " ".join(map(str, _document(entry).values())))


@cases.command("find")
@click.argument("organisation")
@click.argument("reference", type=click.UUID)
@DATA
def find_command(organisation: str, reference: UUID, data: Path) -> None:
    """Show which case ORGANISATION means by REFERENCE.

    Each organisation knows a case by a reference of its own; the id that is printed is the one that `erase`, `log` and
    `audit list --case` take, and no organisation ever sees it. Exit code 1 when it means none by that. That somebody
    looked is in the audit log.
    """
    click.echo(_work(find_database("registry", data), partial(_find, organisation, reference)))


@cases.command("reference")
@click.argument("organisation")
@click.argument("case", type=click.UUID)
@DATA
def reference_command(organisation: str, case: UUID, data: Path) -> None:
    """Show by which reference ORGANISATION knows CASE.

    Say that to them, and to nobody else. Exit code 1 when there is no such case. That somebody looked is in the audit
    log.
    """
    click.echo(_work(find_database("registry", data), partial(_reference, organisation, case)))


async def _find(organisation: str, reference: UUID, unit: UnitOfWork) -> UUID:
    case = (await References().of(unit, organisation)).meant_by(reference)
    await find_case(unit, case, None)
    await _note("cases find", case, unit)
    return case


async def _reference(organisation: str, case: UUID, unit: UnitOfWork) -> UUID:
    await find_case(unit, case, None)
    await _note("cases reference", case, unit)
    return (await References().of(unit, organisation)).to(case)


async def _note(command: str, case: UUID, unit: UnitOfWork) -> None:
    action = Action(command, Result.DONE, 0, {"caseId": str(case)}, role="operator", origin="command")
    await write(unit, TABLES["registry"].audit, action)


async def _log(processing: Processing, case: UUID, unit: UnitOfWork) -> Sequence[Row]:
    await find_case(unit, case, None)
    await _note("cases log", case, unit)
    return await processing.of_case(unit, case)


def _document(entry: Row) -> dict[str, str]:
    return {
        "startedAt": entry.started_at.isoformat(),
        "endedAt": entry.ended_at.isoformat(),
        "processingActivity": entry.processing_activity,
        "status": entry.status,
        "traceId": entry.trace_id,
        "spanId": entry.span_id,
    }


def registry_vault(data: Path) -> Vault:
    """The vault with the files that the registry uses: those in the settings, or in this folder."""
    erasures = os.environ.get("DOORSTROOM_REGISTRY_ERASURES_FILE")
    key_file = Path(os.environ.get("DOORSTROOM_REGISTRY_KEY_FILE") or data / KEY_FILE)
    return Vault(key_file, make=False, erasures_file=Path(erasures) if erasures else None)


async def _erase(vault: Vault, case: UUID, unit: UnitOfWork) -> bool:
    """And say so in the audit log: what is gone cannot tell that it was there."""
    erased = await erase(vault, unit, case, None)
    await _note("cases erase", case, unit)
    return erased


def _work(url: str, work: Callable[[UnitOfWork], Awaitable[Answer]]) -> Answer:
    return asyncio.run(_transact(url, work))


async def _transact(url: str, work: Callable[[UnitOfWork], Awaitable[Answer]]) -> Answer:
    async with opened(url, "registry") as transactions:
        return await transactions.run(work)
