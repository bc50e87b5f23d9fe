"""`doorstroom reconcile`: the broker has lost messages, and the databases have them still."""

import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path

import click

from services.chassis.reconcile import say_again
from services.cli.databases import TABLES, find_database, opened
from services.cli.options import DATA


@click.command()
@DATA
@click.option(
    "--hours",
    type=click.IntRange(1, 24 * 366),
    default=24 * 7,
    show_default=True,
    help="How far back messages are said again; it must reach back to before the loss.",
)
def reconcile(data: Path, hours: int) -> None:
    """Say again what was said, after the broker has lost messages.

    A broker that was wiped, or restored from an older state, has lost what it had confirmed. This marks what each
    service has said in the last --hours as not sent, and the running services publish it again. Whoever has heard a
    message before remembers that and does nothing, so it is safe at any time; it costs the time of publishing.

    --data names the folder that `make run` or `make run-distributed` works in. In any other installation
    DOORSTROOM_REGISTRY_DATABASE_URL, DOORSTROOM_SHELTERS_DATABASE_URL and so on name the databases.
    """
    urls = {name: find_database(name, data, only=False) for name in TABLES}
    for name, count in asyncio.run(say_all_again(urls, timedelta(hours=hours))).items():
        click.echo(f"{name}: {count} message(s) will be said again")


async def say_all_again(urls: dict[str, str], period: timedelta) -> dict[str, int]:
    """Let every service say again what it said in this period until now; gives how many messages each will say."""
    said = {}
    for name, url in urls.items():
        async with opened(url, name) as transactions:
            outbox = TABLES[name].outbox
            said[name] = await transactions.run(partial(say_again, outbox=outbox, period=period))
    return said
