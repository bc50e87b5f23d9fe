"""The `doorstroom` command."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import click
import uvloop

from services.chassis.errors import DoorstroomError
from services.chassis.logging import configure_logging
from services.chassis.main import calm_collector, refuse
from services.chassis.settings import LogFormat
from services.chassis.web.openapi import openapi
from services.chassis.wiring import Unusable
from services.cli.cases import cases
from services.cli.check import check
from services.cli.databases import DATA
from services.cli.distributed import run_distributed
from services.cli.embedded import SERVICES, describe
from services.cli.municipalities import municipalities
from services.cli.quarantine import quarantine
from services.cli.quotas import quotas
from services.cli.replay import replay
from services.cli.run import CannotRun, run
from services.cli.schemas import schemas

EXIT_INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="doorstroom")
def cli() -> None:
    """A bed comes free, and the next person's coordinator knows."""


@cli.command("run")
@click.option("--port", type=click.IntRange(0, 65_535), default=8080, show_default=True)
@DATA
@click.option("--demo/--no-demo", default=True, help="Load the sample and play the demo on the first start.")
@click.option("--verbose", is_flag=True, help="Show the log.")
def run_command(port: int, data: Path, *, demo: bool, verbose: bool) -> None:
    """Run everything in this process, on SQLite."""
    configure_logging(LogFormat.CONSOLE, "INFO" if verbose else "ERROR")
    # What is stored is for its owner only.
    os.umask(0o077)
    calm_collector()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(data, port, play=demo))


@cli.command("run-distributed")
@DATA
@click.option("--demo/--no-demo", default=True, help="Load the sample and play the demo on the first start.")
def run_distributed_command(data: Path, *, demo: bool) -> None:
    """Run each service as its own process, on a private PostgreSQL and RabbitMQ."""
    configure_logging(LogFormat.CONSOLE, "ERROR")
    # Until it serves, SIGTERM ends it the way Ctrl-C does: with everything that it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    asyncio.run(run_distributed(data, play=demo, write=click.echo))


@cli.command("openapi")
@click.argument("service", type=click.Choice([definition.name for definition in SERVICES]))
def openapi_command(service: str) -> None:
    """Print a service's OpenAPI 3.1 document."""
    definition = next(item for item in SERVICES if item.name == service)
    click.echo(json.dumps(openapi(describe(definition)), indent=2, ensure_ascii=False))


cli.add_command(cases)
cli.add_command(check)
cli.add_command(municipalities)
cli.add_command(quarantine)
cli.add_command(quotas)
cli.add_command(replay)
cli.add_command(schemas)


def _run_command_line() -> None:
    """Like click does by itself, but for Ctrl-C."""
    try:
        sys.exit(cli(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("doorstroom: stopped before everything had started; what was stored is stored\n")
        sys.exit(EXIT_INTERRUPTED)


def main() -> None:
    """Run the command: 0 when all went well, 1 when it failed, 2 when it cannot run so."""
    try:
        _run_command_line()
    except (CannotRun, Unusable) as error:
        refuse(str(error))
    except (DoorstroomError, TimeoutError) as error:
        sys.stderr.write(f"doorstroom: {error or 'something did not happen in time; see the log with --verbose'}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
