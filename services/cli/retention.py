"""`doorstroom retention`: what is kept how long, what would go, and what goes."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from pydantic import SecretStr

from services.chassis import retention
from services.chassis.broker.memory import InProcessBroker
from services.chassis.service import HOUSEKEEPING_BATCH, Service
from services.chassis.settings import Mode
from services.chassis.wiring import Definition, Surroundings, topology
from services.cli.databases import find_database
from services.cli.embedded import SERVICES
from services.cli.options import DATA
from services.registry.store.vault import KEY_FILE

ROUNDS_LIMIT = 100_000
_NAMES = {definition.name: definition for definition in SERVICES}


@click.command("retention")
@click.argument("services", nargs=-1, type=click.Choice(list(_NAMES)))
@DATA
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def retention_command(services: Sequence[str], data: Path, *, dry_run: bool) -> None:
    """Forget what is older than it may get, now, or say what would go.

    Services do this by themselves every five minutes, in small portions; how long each kind is kept is in the settings
    DOORSTROOM_RETENTION_…, which are read from the environment here as there: docs/retention.md. A line has
    the service, for how many days a kind is kept, how many are older, and which kind it is.
    """
    for name in services or _NAMES:
        asyncio.run(_show(_NAMES[name], find_database(name, data, only=len(services) == 1), data, dry_run=dry_run))


async def _show(definition: Definition[Any], url: str, data: Path, *, dry_run: bool) -> None:
    service = _service(definition, url, data)
    try:
        counts = await service.transactions.run(lambda unit: retention.overdue(unit, service.kept))
        for kept, count in zip(service.kept, counts, strict=True):
            click.echo(f"{service.name:<15} {kept.keep.days:>6} {count:>9}  {kept.name}")
        if not dry_run:
            await _forget(service)
    finally:
        await service.transactions.database.close()


async def _forget(service: Service) -> None:
    for _ in range(ROUNDS_LIMIT):
        work = service.transactions.run(lambda unit: retention.forget(unit, service.kept, HOUSEKEEPING_BATCH))
        if await work is None:
            return


def _service(definition: Definition[Any], url: str, data: Path) -> Service:
    """The service as its settings have it, on this database; it is not started."""
    own: dict[str, Any] = {}
    chosen = definition.settings(mode=Mode.EMBEDDED, database_url=SecretStr(url))
    if "registry_key_file" in definition.settings.model_fields and chosen.registry_key_file is None:
        own = {"registry_key_file": data / KEY_FILE}
    return definition.build(chosen.model_copy(update=own), Surroundings(InProcessBroker(topology("retention", []))))
