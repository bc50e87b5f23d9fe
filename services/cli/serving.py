"""`doorstroom run`, `run-distributed` and `openapi`: the services themselves."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import uvloop

from doorstroom_client import ClientError
from schemas.texts import Language
from services.chassis.logging import configure_logging
from services.chassis.main import calm_collector
from services.chassis.settings import LogFormat
from services.chassis.web.openapi import openapi
from services.chassis.wiring import Unusable
from services.cli.demo_users import demo_users as everyone
from services.cli.distributed import run_distributed
from services.cli.embedded import NAMES, api_of
from services.cli.errors import CannotRun, Failed
from services.cli.options import DATA
from services.cli.run import HOST, run


@click.command("run")
@click.option("--port", type=click.IntRange(0, 65_535), default=8080, show_default=True)
@DATA
@click.option("--demo/--no-demo", default=True, help="Load the sample and play the demo on the first start.")
@click.option("--demo-users", is_flag=True, help="Let whoever is on this machine be any user in the console.")
@click.option("--host", default=HOST, show_default=True, help="The address to listen on.")
@click.option("--verbose", is_flag=True, help="Show the log.")
def run_command(port: int, data: Path, host: str, *, demo: bool, demo_users: bool, verbose: bool) -> None:
    """Run everything in this process, on SQLite."""
    configure_logging(LogFormat.CONSOLE, "INFO" if verbose else "ERROR")
    # What is stored is for its owner only.
    os.umask(0o077)
    calm_collector()
    with _refusals_told(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        users = everyone() if demo_users else ()
        runner.run(run(data, port, play=demo, host=host, users=users))


@click.command("run-distributed")
@DATA
@click.option("--demo/--no-demo", default=True, help="Load the sample and play the demo on the first start.")
@click.option("--demo-users", is_flag=True, help="A console, too: whoever is on this machine is any user in it.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8080, show_default=True, help="Of that console.")
def run_distributed_command(data: Path, port: int, *, demo: bool, demo_users: bool) -> None:
    """Run each service as its own process, on a private PostgreSQL and RabbitMQ."""
    configure_logging(LogFormat.CONSOLE, "ERROR")
    # Until it serves, both end it with everything that it started. Also where it was begun to ignore SIGINT, as jobs in
    # the background are: asyncio would leave it at that, and nothing could be stopped before all had started.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with _refusals_told():
        asyncio.run(run_distributed(data, port if demo_users else None, play=demo, write=click.echo))


@click.command("openapi")
@click.argument("service", type=click.Choice(NAMES))
@click.option("--language", type=click.Choice(list(Language)), default=Language.DUTCH, show_default=True)
def openapi_command(service: str, language: Language) -> None:
    """Print a service's OpenAPI 3.1 document."""
    click.echo(json.dumps(openapi(api_of(service), Language(language)), indent=2, ensure_ascii=False))


@contextmanager
def _refusals_told() -> Iterator[None]:
    """What cannot be started, or is refused to the sample or the demo, is told in one line."""
    try:
        yield
    except Unusable as error:
        raise CannotRun(str(error)) from error
    except ClientError as error:
        raise Failed(str(error)) from error
