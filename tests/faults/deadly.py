"""One service in a process that ends itself, as kill -9 does, at a labelled point of its code: for the tests only.

`python -m tests.faults.deadly SERVICE POINT COUNT`: when it comes there for the COUNTth time.
"""

import functools
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from services.chassis.broker.rabbitmq.subscription import RabbitMQSubscription
from services.chassis.consumer import Consumer
from services.chassis.main import main
from services.chassis.relay import Relay
from services.chassis.timers import Timer
from services.chassis.unit_of_work import UnitOfWork
from services.cli.distributed import Replica
from services.cli.embedded import SERVICES

ROOT = Path(__file__).parents[2]

POINTS: dict[str, tuple[type[Any], str]] = {
    "before its commit": (UnitOfWork, "finish"),
    "between commit and publish": (Relay, "hand_over"),
    "between publish and its mark": (Relay, "_settle"),
    "between delivery and effect": (Consumer, "_take"),
    "between effect and acknowledgement": (RabbitMQSubscription, "acknowledge"),
    "after what was due": (Timer, "_pause_seconds"),
}
"""What is about to be done when it ends."""

SELDOM = frozenset({"after what was due"})
"""Where some service comes once a minute."""

SAYS_NOTHING = "notifications"
"""It publishes no events, so some points are never reached there."""
OF_WHO_SAYS_NOTHING = ("before its commit", "between delivery and effect", "between effect and acknowledgement")


def points_of(service: str) -> tuple[str, ...]:
    """Where this service may end."""
    return OF_WHO_SAYS_NOTHING if service == SAYS_NOTHING else tuple(POINTS)


def start(replica: Replica, point: str, count: int) -> None:
    """Let a replica that has ended begin again, and end there."""
    with replica.log.open("ab") as output:
        replica.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.deadly", replica.service, point, str(count)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **replica.environment},
            cwd=ROOT,
            start_new_session=True,
        )


def _end_at(point: str, count: int) -> None:
    owner, name = POINTS[point]
    original, left = getattr(owner, name), [count]

    @functools.wraps(original)
    def deadly(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as the original
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **named)

    setattr(owner, name, deadly)


if __name__ == "__main__":
    _service, _point, _count = sys.argv[1:]
    _end_at(_point, int(_count))
    main(next(definition for definition in SERVICES if definition.name == _service))
