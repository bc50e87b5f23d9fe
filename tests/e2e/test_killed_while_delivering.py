"""The program ended as kill -9 does, in the middle of delivering: everything arrives, under the id that it had."""

import asyncio
import json
import signal
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest

from services.chassis.identity import DevelopmentIssuer, Role
from services.chassis.settings import Mode
from tests.e2e.conftest import Program
from tests.support.receiver import WELL, Received, Receiver, late
from tests.support.waiting import eventually, until

KILLS = 2
EVENTS_EACH = 16
ANSWER_SECONDS = 0.15
SCOPES = ("notifications:read", "notifications:subscribe")


class Owner:
    """Whoever subscribed, over HTTP."""

    def __init__(self, session: aiohttp.ClientSession, root: str, token: str) -> None:
        self._session = session
        self._base = f"{root}/notifications/v1"
        self._token = token

    async def send(self, method: str, path: str, body: object = None) -> dict[str, object]:
        headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": str(uuid4())}
        async with self._session.request(method, f"{self._base}{path}", json=body, headers=headers) as response:
            read: dict[str, object] = await response.json()
            assert response.status < 300, read
            return read


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Takes its time, so that something is always on its way."""
    made = Receiver(behaviours={"hook": late(ANSWER_SECONDS, WELL)})
    await made.start()
    yield made
    await made.stop()


@asynccontextmanager
async def running(programs: list[Program], data: Path) -> AsyncIterator[Owner]:
    """The program on this data, until it is killed."""
    program = Program("run", "--no-demo", "--port", "0", "--data", str(data))
    programs.append(program)
    await asyncio.to_thread(program.until, "serves on")
    token = DevelopmentIssuer(data, Mode.EMBEDDED).issue("anna", "coordination", Role.COORDINATOR, SCOPES)
    async with aiohttp.ClientSession() as session:
        yield Owner(session, program.root, token)
        await asyncio.to_thread(program.stop, signal.SIGKILL)


async def test_each_event_arrives_at_least_once_and_never_under_another_id(
    programs: list[Program], tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed twice while the receiver had what was not stored yet; some of it comes again, as the same."""
    monkeypatch.setenv("DOORSTROOM_WEBHOOK_NETWORKS", "127.0.0.0/8")
    subscription = ""
    for _ in range(KILLS):
        async with running(programs, tmp_path) as owner:
            if not subscription:
                wanted = {"channel": "webhook", "address": receiver.url(), "order": "fastest"}
                subscription = str((await owner.send("POST", "/subscriptions", wanted))["subscriptionId"])
                await eventually(partial(is_welcome, owner, subscription))
            before = len(receiver.posts())
            for _ in range(EVENTS_EACH):
                await owner.send("POST", f"/subscriptions/{subscription}/_test")
            await until(lambda wanted=before + EVENTS_EACH // 2: len(receiver.posts()) >= wanted)
    receiver.behaviours.clear()
    async with running(programs, tmp_path) as owner:
        expected = await inbox(owner)
        assert len(expected) == KILLS * EVENTS_EACH
        await eventually(partial(all_delivered, owner), 30)
    posts = by_sequence(receiver.posts())
    assert {sequence: {post.headers["webhook-id"] for post in of_one} for sequence, of_one in posts.items()} == {
        sequence: {id_} for sequence, id_ in expected.items()
    }
    again = sum(len(of_one) - 1 for of_one in posts.values())
    assert again >= KILLS, "nothing was on its way at the kills: the test shows nothing"
    assert all(len({post.body for post in of_one}) == 1 for of_one in posts.values())


async def is_welcome(owner: Owner, subscription: str) -> bool:
    return (await owner.send("GET", f"/subscriptions/{subscription}"))["state"] == "enabled"


async def inbox(owner: Owner) -> dict[int, str]:
    """The ids that the inbox has, by number."""
    listed = (await owner.send("GET", "/notifications?limit=100"))["notifications"]
    assert isinstance(listed, list)
    return {item["sequence"]: item["notificationId"] for item in listed}


async def all_delivered(owner: Owner) -> bool:
    listed = (await owner.send("GET", "/deliveries?limit=100"))["deliveries"]
    assert isinstance(listed, list)
    return {one["state"] for one in listed} == {"delivered"}


def by_sequence(posts: list[Received]) -> dict[int, list[Received]]:
    found: defaultdict[int, list[Received]] = defaultdict(list)
    for post in posts:
        event = json.loads(post.body)
        assert event["id"] == post.headers["webhook-id"]
        found[int(event["sequence"])].append(post)
    return dict(found)
