"""Every process is restarted, one after the other, under load: whoever asks a replica that is ready gets an answer."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from schemas.vocabulary import Purpose
from services.chassis.identity import Role
from services.cli.distributed import REPLICAS, Replica
from tests.faults.installation import Installation, installed
from tests.faults.verdict import comes_to_rest

pytestmark = pytest.mark.server

ROUNDS = int(os.environ.get("DOORSTROOM_FAULT_ROUNDS", "1"))
RESTARTS = 50 if ROUNDS > 1 else 4
CLIENTS = 4
LOOKING_SECONDS, DRAIN_SECONDS = 0.2, 1.5
"""How often the balancer asks who is ready, and how long a service serves on after it said that it is not."""
CASE = {
    "sex": "female",
    "ageBand": "23-plus",
    "adults": 1,
    "children": 0,
    "consents": [purpose.value for purpose in Purpose],
}


@dataclass(slots=True)
class Balancer:
    """Sends each request to a replica that said not long ago that it is ready, as those before a deployment do."""

    installation: Installation
    ready: set[int] = field(default_factory=set)

    async def look(self) -> None:
        """Ask all of them, again and again."""
        while True:
            await asyncio.gather(*(self._look_at(replica) for replica in self.installation.replicas))
            await asyncio.sleep(LOOKING_SECONDS)

    def root(self, service: str) -> str:
        """Where one of its ready replicas is."""
        mine = [each for each in self.installation.replicas if each.service == service and each.port in self.ready]
        return self.installation.chance.choice(mine).root

    async def _look_at(self, replica: Replica) -> None:
        try:
            async with self.installation.session.get(
                f"{replica.root}/readyz", timeout=aiohttp.ClientTimeout(total=1)
            ) as response:
                is_ready = response.ok
        except (aiohttp.ClientError, TimeoutError):
            is_ready = False
        (self.ready.add if is_ready else self.ready.discard)(replica.port)


Request = tuple[str, str, str, Role, dict[str, Any] | None]
REQUESTS: tuple[Request, ...] = (
    ("registry", "POST", "/registry/v1/cases", Role.COORDINATOR, CASE),
    ("registry", "GET", "/registry/v1/offers", Role.COORDINATOR, None),
    ("shelters", "GET", "/shelters/v1/units", Role.PROVIDER, None),
    ("municipalities", "GET", "/municipalities/v1/slots", Role.MUNICIPALITY, None),
    ("notifications", "GET", "/notifications/v1/notifications", Role.COORDINATOR, None),
)


async def ask(installation: Installation, balancer: Balancer, request: Request) -> int:
    """One request, once: no second attempt hides a failure."""
    service, method, path, role, body = request
    organisation = "GM0344" if role is Role.MUNICIPALITY else "somebody"
    headers = {"Authorization": f"Bearer {installation.cast.token(organisation, role)}"}
    if body is not None:
        headers["Idempotency-Key"] = str(uuid4())
    async with installation.session.request(
        method, balancer.root(service) + path, json=body, headers=headers, timeout=aiohttp.ClientTimeout(total=20)
    ) as response:
        await response.read()
        return response.status


@pytest.mark.timeout(900)
async def test_restarts_one_after_the_other_fail_no_request(data: Path) -> None:
    """Two replicas of each service, and one of them ends on SIGTERM while the other serves."""
    chance, statuses = random.Random(20260304), Counter[int | str]()
    settings = {"DOORSTROOM_DRAIN_SECONDS": str(DRAIN_SECONDS)}
    async with installed(data, chance, dict.fromkeys(REPLICAS, 2), **settings) as installation:
        balancer = Balancer(installation)
        async with asyncio.TaskGroup() as everyone:
            looking = everyone.create_task(balancer.look())
            await _until(lambda: len(balancer.ready) == len(installation.replicas))
            asking = [everyone.create_task(_ask_on(installation, balancer, statuses)) for _ in range(CLIENTS)]
            for number in range(RESTARTS):
                await _restart(installation.replicas[number % len(installation.replicas)])
                await _until(lambda: len(balancer.ready) == len(installation.replicas))
            for task in (*asking, looking):
                task.cancel()
        await comes_to_rest(installation)
    print(f"{RESTARTS} restarts; {dict(statuses)} answers, of requests that were sent once")  # noqa: T201 - asked for with -s
    assert set(statuses) == {200, 201}


async def _ask_on(installation: Installation, balancer: Balancer, statuses: "Counter[int | str]") -> None:
    while True:
        try:
            statuses[await ask(installation, balancer, installation.chance.choice(REQUESTS))] += 1
        except (aiohttp.ClientError, TimeoutError) as error:
            statuses[type(error).__name__] += 1


async def _restart(replica: Replica) -> None:
    replica.process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(replica.process.wait, 30) == 0
    replica.restart()


async def _until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(LOOKING_SECONDS)
