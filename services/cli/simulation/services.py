"""The services as the simulation has them: as they are, but nothing leaves them for anybody's endpoint."""

from dataclasses import replace
from functools import partial
from typing import Any

from services.chassis.wiring import Definition
from services.cli.embedded import SERVICES
from services.notifications.wiring import NOTIFICATIONS, build


def _nowhere(*_given: object) -> list[Any]:
    """No carriers: there is no network in a simulation."""
    return []


SIMULATED: tuple[Definition[Any], ...] = tuple(
    replace(one, build=partial(build, carriers=_nowhere)) if one is NOTIFICATIONS else one for one in SERVICES
)
