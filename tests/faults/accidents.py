"""What may befall an installation. Each happens once, and is mended as far as it does not mend itself."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from services.chassis.main import EXIT_USAGE
from services.cli.distributed import REPLICAS, Replica
from services.cli.servers.rabbitmq import USER
from tests.faults import deadly
from tests.faults.installation import Installation
from tests.support.proxy import Proxy

LONGEST_PAUSE_SECONDS = 4.0
A_WHILE_SECONDS = 3.0
DEATH_SECONDS = 120.0
"""For so long a process may wait for work that brings it to where it is to die."""
DELAY_SECONDS = 0.05

Accident = Callable[[Installation], Awaitable[None]]


async def _ended(replica: Replica, number: signal.Signals) -> None:
    """Signal a process, wait for its end, and start it again."""
    replica.process.send_signal(number)
    await asyncio.to_thread(replica.process.wait, 30)
    replica.restart()


async def _killed(installation: Installation) -> None:
    await _ended(installation.anyone(), signal.SIGKILL)


async def _asked_to_end(installation: Installation) -> None:
    await _ended(installation.anyone(), signal.SIGTERM)


async def _stopped(installation: Installation, seconds: float | None = None) -> None:
    replica = installation.anyone()
    replica.process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(seconds or installation.chance.uniform(1.0, LONGEST_PAUSE_SECONDS))
    replica.process.send_signal(signal.SIGCONT)


async def _ending_of(installation: Installation, replica: Replica) -> int | None:
    """How it ended, while the others serve; None when it did not in time."""
    begun = time.monotonic()
    while replica.process.poll() is None and time.monotonic() < begun + DEATH_SECONDS:
        installation.start_ended(but=replica)
        await asyncio.sleep(0.1)
    return replica.process.poll()


async def _dies(installation: Installation, service: str, point: str) -> None:
    """A process of this service ends itself at this point, under load, and is started again."""
    replica = installation.chance.choice([each for each in installation.replicas if each.service == service])
    replica.process.kill()
    await asyncio.to_thread(replica.process.wait, 30)
    count = 1 if point in deadly.SELDOM else installation.chance.randint(1, 3)
    status = EXIT_USAGE
    while status == EXIT_USAGE:  # It could not start: the accident before may have come to it.
        deadly.start(replica, point, count)
        try:
            status = await _ending_of(installation, replica)
        finally:
            replica.process.kill()
    assert status == -signal.SIGKILL, (service, point, status)
    replica.restart()


async def _rabbitmq(installation: Installation, what: str) -> None:
    server = installation.rabbitmq
    if what == "wiped":
        await asyncio.to_thread(server.wipe)
        return
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)


async def _postgresql(installation: Installation) -> None:
    await asyncio.to_thread(installation.postgresql.kill)
    await asyncio.to_thread(installation.postgresql.start)


async def _queue_deleted(installation: Installation) -> None:
    """Its consumers are cancelled by the broker, and what was in it is lost."""
    name = f"doorstroom.{installation.anyone().service}"
    await asyncio.to_thread(installation.rabbitmq.control, "delete_queue", name)


async def _permissions_withdrawn(installation: Installation) -> None:
    """Channels are closed by whatever is asked next."""
    control = partial(asyncio.to_thread, installation.rabbitmq.control, "set_permissions", USER)
    await control("", "", "")
    await asyncio.sleep(A_WHILE_SECONDS)
    await control(".*", ".*", ".*")


async def _alarm(installation: Installation) -> None:
    """Whoever publishes is blocked."""
    control = partial(asyncio.to_thread, installation.rabbitmq.control, "set_vm_memory_high_watermark")
    await control("absolute", "1MB")
    await asyncio.sleep(A_WHILE_SECONDS)
    await control("0.4")


async def _connections_closed(installation: Installation) -> None:
    await asyncio.to_thread(installation.rabbitmq.control, "close_all_connections", "to see what happens")


async def _delayed(lines: Proxy) -> None:
    lines.delay_seconds = DELAY_SECONDS
    await asyncio.sleep(A_WHILE_SECONDS)
    lines.delay_seconds = 0.0


async def _at_once(act: Callable[[], None]) -> None:
    act()


def _of_lines(name: str, lines: Callable[[Installation], Proxy]) -> Mapping[str, Accident]:
    return {
        f"lines to {name} cut": lambda all_: _at_once(lines(all_).cut),
        f"lines to {name} stalled": lambda all_: lines(all_).stall(A_WHILE_SECONDS),
        f"lines to {name} delayed": lambda all_: _delayed(lines(all_)),
        f"lines to {name} cut in the middle of a word": lambda all_: _at_once(lines(all_).halve),
        f"lines to {name} half-open": lambda all_: _at_once(lines(all_).go_silent),
    }


ACCIDENTS: Mapping[str, Accident] = {
    "service killed": _killed,
    "service asked to end": _asked_to_end,
    "service stopped and continued": _stopped,
    "PostgreSQL killed": _postgresql,
    "RabbitMQ killed": partial(_rabbitmq, what="killed"),
    "RabbitMQ wiped": partial(_rabbitmq, what="wiped"),
    "queue deleted": _queue_deleted,
    "permissions withdrawn": _permissions_withdrawn,
    "memory alarm": _alarm,
    "connections closed by RabbitMQ": _connections_closed,
    "lines to PostgreSQL cut after COMMIT": lambda all_: _at_once(lambda: all_.database_lines.cut_after(b"COMMIT")),
    **_of_lines("PostgreSQL", lambda all_: all_.database_lines),
    **_of_lines("RabbitMQ", lambda all_: all_.broker_lines),
}

DEATHS: Mapping[str, Accident] = {
    f"{service} dies {point}": partial(_dies, service=service, point=point)
    for service in REPLICAS
    for point in deadly.points_of(service)
}
LONG: Mapping[str, Accident] = {"service stopped for a minute": partial(_stopped, seconds=60.0)}
"""What takes too long to happen whenever the tests run."""


async def strike(installation: Installation, kind: str) -> None:
    """Let this happen once."""
    installation.start_ended()
    installation.befell[kind] += 1
    await {**ACCIDENTS, **DEATHS, **LONG}[kind](installation)
