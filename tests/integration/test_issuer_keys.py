"""A service that gets its issuer's keys from an address, as a whole process behind a port."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from services.chassis.broker.memory import InProcessBroker
from services.chassis.clock import system_clock
from services.chassis.process import Process
from services.chassis.settings import Mode
from services.chassis.wiring import Surroundings, Unusable, topology, verifier_from
from services.notifications.settings import Settings
from services.notifications.wiring import NOTIFICATIONS
from tests.support.key_server import AUDIENCE, ISSUER, KeyServer
from tests.support.waiting import eventually

PATH = "/notifications/v1/notifications"
GOOD: dict[str, Any] = {"role": "coordinator", "scope": "notifications:read"}


def settings(folder: Path, **given: Any) -> Settings:  # noqa: ANN401 - settings of any kind
    url = SecretStr(f"sqlite:///{folder / 'notifications.sqlite3'}")
    return Settings(mode=Mode.EMBEDDED, database_url=url, token_issuer=ISSUER, token_audience=AUDIENCE, **given)


@pytest.fixture
async def issuer() -> AsyncIterator[KeyServer]:
    """An issuer that has an address, and does not answer there yet."""
    server = KeyServer()
    server.add("first")
    await server.start()
    await server.stop()
    yield server
    await server.stop()


@pytest.fixture
async def root(tmp_path: Path, issuer: KeyServer) -> AsyncIterator[str]:
    """Where the process listens."""
    chosen = settings(tmp_path, token_keys_url=issuer.url, token_keys_pause_seconds=1)
    broker = InProcessBroker(topology(chosen.broker_prefix, [NOTIFICATIONS.queue(chosen.broker_prefix)]))
    service = NOTIFICATIONS.build(chosen, Surroundings(broker))
    process = Process([service], broker, verifier_from(chosen), chosen)
    await process.start("127.0.0.1", 0)
    yield f"http://127.0.0.1:{process.port}"
    await process.stop(0)


async def status(root: str, token: str | None, path: str = PATH) -> int:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as session, session.get(f"{root}{path}", headers=headers) as response:
        await response.read()
        return response.status


async def test_a_process_is_ready_when_it_has_its_issuers_keys_and_follows_their_rotation(
    root: str, issuer: KeyServer
) -> None:
    """Until then every request gets 503; afterwards tokens open the door, and a new key does within the pause."""
    assert await status(root, None, "/readyz") == 503
    assert await status(root, issuer.token("first", system_clock(), **GOOD)) == 503
    await issuer.start()

    async def ready() -> bool:
        return await status(root, None, "/readyz") == 200

    await eventually(ready)
    good = issuer.token("first", system_clock(), **GOOD)
    assert await status(root, good) == 200
    assert await status(root, None, f"{PATH}?access_token={good}") == 401
    assert await status(root, good, f"{PATH}?access_token={good}") == 400
    issuer.add("second")

    async def rotated() -> bool:
        return await status(root, issuer.token("second", system_clock(), **GOOD)) == 200

    await eventually(rotated)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "DOORSTROOM_TOKEN_KEYS_URL"),
        (
            {"token_keys_url": "https://a.example.org/", "token_keys_file": Path("keys.json")},
            "DOORSTROOM_TOKEN_KEYS_FILE",
        ),
        ({"token_keys_url": "https://a.example.org/", "token_algorithms": "HS256"}, "DOORSTROOM_TOKEN_ALGORITHMS"),
        ({"token_keys_url": "https://a.example.org/", "token_algorithms": "none"}, "DOORSTROOM_TOKEN_ALGORITHMS"),
        ({"token_keys_url": "https://a.example.org/", "token_algorithms": ""}, "DOORSTROOM_TOKEN_ALGORITHMS"),
    ],
)
def test_settings_that_do_not_say_whose_tokens_are_accepted_are_refused(
    tmp_path: Path, given: dict[str, Any], told: str
) -> None:
    """With the name of the setting that would do."""
    with pytest.raises(Unusable, match=told):
        verifier_from(settings(tmp_path, **given))
