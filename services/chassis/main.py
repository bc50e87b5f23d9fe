"""Runs one service in its own process, on RabbitMQ and PostgreSQL."""

import asyncio
import gc
import resource
import sys
from collections.abc import Callable
from typing import NoReturn

import uvloop
from pydantic import ValidationError

from services.chassis.broker.rabbitmq import RabbitMQBroker
from services.chassis.errors import DoorstroomError
from services.chassis.logging import configure_logging
from services.chassis.process import Process, run_until_signalled
from services.chassis.wiring import Definition, SettingsType, Surroundings, Unusable, topology, verifier_from

EXIT_USAGE = 2
YOUNG_OBJECTS = 50_000


def main(definition: Definition[SettingsType]) -> None:
    """Run a service on a broker; see `run`."""
    run(definition.settings, lambda settings: _process(definition, settings))


def run(kind: type[SettingsType], make: Callable[[SettingsType], Process]) -> None:
    """Read the settings, serve until SIGTERM, exit: 0 after a clean stop, 2 when it cannot run so."""
    try:
        settings = kind()
    except ValidationError as error:
        refuse("; ".join(f"DOORSTROOM_{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors()))
    configure_logging(settings.log_format, settings.log_level)
    calm_collector()
    allow_many_lines()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, make))
    except (Unusable, OSError, ValueError, DoorstroomError) as error:
        refuse(str(error))


async def _serve(settings: SettingsType, make: Callable[[SettingsType], Process]) -> None:
    await run_until_signalled(make(settings), settings)


def _process(definition: Definition[SettingsType], settings: SettingsType) -> Process:
    if settings.broker_url is None:
        raise Unusable("set DOORSTROOM_BROKER_URL to amqp://user:password@host:port/vhost")
    declared = topology(settings.broker_prefix, definition.queues(settings))
    broker = RabbitMQBroker(settings.broker_url.get_secret_value(), declared, name=f"doorstroom {definition.name}")
    service = definition.build(settings, Surroundings(broker))
    return Process([service], broker, verifier_from(settings), settings)


def allow_many_lines() -> None:
    """Let this process have as many open lines as the operator lets it: thousands of streams are as many."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def calm_collector() -> None:
    """Let the garbage collector leave alone what was loaded to stay, and look less often at what is young.

    Every statement makes thousands of short-lived objects, and each round of the collector is a pause for all requests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 100)


def refuse(message: str) -> NoReturn:
    """Say in one line why it cannot run, and end with the exit code for that."""
    sys.stderr.write(f"doorstroom: {message}\n")
    sys.exit(EXIT_USAGE)
