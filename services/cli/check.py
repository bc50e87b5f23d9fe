"""`doorstroom check`: what must never be false, asked of live databases."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import click

from services.chassis.unit_of_work import UnitOfWork
from services.cli.across import findings as findings_across
from services.cli.databases import AUDITED, find_database, find_databases, opened, programmes_in_use
from services.cli.options import DATA
from services.console import checks as console
from services.identity import checks as identity
from services.municipalities import checks as municipalities
from services.notifications import checks as notifications
from services.registry import checks as registry
from services.shelters import checks as shelters

Findings = Callable[[UnitOfWork], Awaitable[list[str]]]

CHECKS: dict[str, Findings] = {
    "registry": lambda unit: registry.findings(unit, programmes_in_use()),
    "shelters": shelters.findings,
    "municipalities": municipalities.findings,
    "notifications": notifications.findings,
}
"""Of those that own facts of each other's work, and can be compared."""
BESIDE: dict[str, Findings] = {"identity": identity.findings, "console": console.findings}
ACROSS = "across services"


@click.command()
@click.argument("services", nargs=-1, type=click.Choice(list(AUDITED)))
@DATA
@click.option("--at-rest", is_flag=True, help="Also compare the services with each other; see above.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check(services: Sequence[str], data: Path, *, at_rest: bool, as_json: bool) -> None:
    """Check what must never be false, in live databases.

    It asks the databases of SERVICES, or of all, and may run at any time: each service's own checks hold at every
    moment. With --at-rest the services are compared with each other too (each bed and slot is in exactly one state,
    the same on both sides). That holds only when no message is under way; while something happens, it reports what is
    merely late.

    --data names the folder that `make run` or `make run-distributed` works in. In any other installation
    DOORSTROOM_REGISTRY_DATABASE_URL, DOORSTROOM_SHELTERS_DATABASE_URL and so on name the databases; for one service
    DOORSTROOM_DATABASE_URL does. Findings name ids and numbers only. Exits with 1 when there is any.
    """
    if at_rest and services and not set(CHECKS) <= set(services):
        raise click.UsageError("--at-rest compares the services with each other, so it needs all of them")
    urls = {name: find_database(name, data, only=len(services) == 1) for name in services} or find_databases(data)
    found = asyncio.run(_check(urls, at_rest=at_rest))
    (_print_json if as_json else _print)(found)
    if any(found.values()):
        raise click.exceptions.Exit(1)


async def _check(urls: dict[str, str], *, at_rest: bool) -> dict[str, list[str]]:
    async with AsyncExitStack() as stack:
        opening = {name: await stack.enter_async_context(opened(url, name)) for name, url in urls.items()}
        checks = CHECKS | BESIDE
        found = {name: await transactions.read(checks[name]) for name, transactions in opening.items()}
        if at_rest:
            found[ACROSS] = await findings_across(opening)
        return found


def _print(found: dict[str, list[str]]) -> None:
    for name, findings in found.items():
        for finding in findings:
            click.echo(f"{name}: {finding}")
    click.echo(", ".join(f"{name}: {len(findings)}" for name, findings in found.items()) + " finding(s)")


def _print_json(found: dict[str, list[str]]) -> None:
    click.echo(json.dumps(found))
