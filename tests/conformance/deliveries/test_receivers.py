"""Whatever receivers do, deliveries are at least once, with one id; and whoever misbehaves delays nobody else."""

import asyncio
import json
import shutil
import subprocess
from base64 import b64encode
from pathlib import Path

import pytest
import standardwebhooks
import svix
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from cloudevents.core.formats.json import JSONFormat

from doorstroom_client.webhooks import WebhookVerifier
from services.chassis.clock import system_clock
from services.notifications.deliveries import lanes
from tests.support.receiver import Behaviour, Received, Receiver, answers, garbage, huge, late, resets, stalls
from tests.support.telling import Telling

NODE_FOLDER = Path(__file__).parents[2] / "support/events"
MISBEHAVIOUR: dict[str, tuple[Behaviour, str, str]] = {
    "stalls": (stalls, "pending", "timed-out"),
    "late": (late(1.0, answers(200)), "pending", "timed-out"),
    "resets": (resets, "pending", "connection-lost"),
    "garbage": (garbage, "pending", "answer-unreadable"),
    "huge": (huge, "delivered", "delivered"),
}


async def test_what_others_have_written_verifies_and_reads_it(telling: Telling, receiver: Receiver) -> None:
    """The libraries of Standard Webhooks and of Svix, our own client, and the SDK of CloudEvents."""
    telling.clock.now = system_clock()
    _, secret = await telling.subscribe(receiver.url())
    offer = await telling.offer()
    await telling.rest()
    (post,) = receiver.posts()
    written = "whsec_" + b64encode(secret).decode()
    assert standardwebhooks.Webhook(written).verify(post.body, post.headers) == json.loads(post.body)
    svix.Webhook(written).verify(post.body, post.headers)  # raises when it does not
    with pytest.raises(svix.WebhookVerificationError):
        svix.Webhook(written).verify(post.body + b" ", post.headers)
    assert WebhookVerifier([written]).verify(post.headers, post.body).body == post.body
    event = from_structured_event(HTTPMessage(post.headers, post.body), JSONFormat())
    assert (event.get_id(), event.get_subject()) == (post.headers["webhook-id"], str(offer))
    with pytest.raises(standardwebhooks.webhooks.WebhookVerificationError):
        standardwebhooks.Webhook(written).verify(post.body + b" ", post.headers)


async def test_the_sdk_of_node_reads_a_delivery(telling: Telling, receiver: Receiver) -> None:
    """The CloudEvents project's own, from npm: strictly, with every attribute."""
    await telling.subscribe(receiver.url())
    offer = await telling.offer()
    await telling.rest()
    (post,) = receiver.posts()
    event = await asyncio.to_thread(read_by_node, post)
    sent = json.loads(post.body)
    assert (event.pop("subject"), event.pop("time")) == (str(offer), "2026-03-01T09:00:00.000Z")
    assert event == {name: value for name, value in sent.items() if name not in ("subject", "time")}


def read_by_node(post: Received) -> dict[str, object]:
    node = shutil.which("node")
    if node is None or not (NODE_FOLDER / "node_modules").exists():
        pytest.fail("this test needs node and an SDK for it: run deploy/install-test-tools", pytrace=False)
    given = json.dumps({"headers": post.headers, "body": post.body.decode()}).encode()
    ran = subprocess.run(
        [node, str(NODE_FOLDER / "read.mjs")], input=given, capture_output=True, check=True, timeout=60
    )
    read: dict[str, object] = json.loads(ran.stdout)
    return read


@pytest.mark.parametrize("name", MISBEHAVIOUR)
async def test_each_misbehaviour_has_its_reason(telling: Telling, receiver: Receiver, name: str) -> None:
    """Within the limit of time; an answer without end counts by its status."""
    behaviour, state, reason = MISBEHAVIOUR[name]
    telling.desk.carriers["webhook"].timeout_seconds = 0.4
    await telling.subscribe(receiver.url())
    receiver.behaviours["hook"] = behaviour
    await telling.offer()
    await telling.rest()
    (delivery,) = await telling.deliveries()
    (attempt,) = await telling.attempts()
    assert (delivery.state, attempt.reason) == (state, reason)


async def test_who_never_answers_delays_nobody(telling: Telling, receiver: Receiver) -> None:
    """Forty of them; the one who is well has everything while all of them are still being waited for."""
    telling.desk.carriers["webhook"].timeout_seconds = 10.0
    for number in range(40):
        receiver.behaviours[f"dead-{number}"] = stalls
        await telling.subscribe(receiver.url(f"dead-{number}"))
    await telling.subscribe(receiver.url("well"))
    began = asyncio.get_running_loop().time()
    for _ in range(5):
        await telling.offer()
    while len(receiver.posts("well")) < 5:
        await telling.desk.round()
        await asyncio.sleep(0.002)
        assert asyncio.get_running_loop().time() - began < 9.5


async def test_so_many_that_have_just_died_hold_nobody_up(
    telling: Telling, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than there are places, and none known to fail: whoever only waits for them gives the place back."""
    monkeypatch.setattr(lanes, "SLOW_SECONDS", 0.05)
    telling.desk._lanes._places = asyncio.Semaphore(4)
    telling.desk.carriers["webhook"].timeout_seconds = 10.0
    for number in range(20):
        receiver.behaviours[f"dead-{number}"] = stalls
        await telling.subscribe(receiver.url(f"dead-{number}"))
    await telling.subscribe(receiver.url("well"))
    began = asyncio.get_running_loop().time()
    await telling.offer()
    while not receiver.posts("well"):
        await telling.desk.round()
        await asyncio.sleep(0.002)
        assert asyncio.get_running_loop().time() - began < 9.5
    assert telling.desk._lanes._places._value == 4


async def test_a_process_that_dies_is_followed_by_another_with_the_same_id(
    notifications_url: str, tmp_path: Path, receiver: Receiver
) -> None:
    """Killed after the receiver had it and before that was stored: it comes again, once its lease has run out."""
    first = Telling(notifications_url, tmp_path)
    await first.subscribe(receiver.url())
    await first.offer()
    first.desk._looked = float("-inf")
    await first.desk.round()
    async with asyncio.timeout(10):
        while not receiver.posts():  # noqa: ASYNC110 - the receiver has no event for it
            await asyncio.sleep(0.005)
    second = Telling(notifications_url, tmp_path, first.clock)
    await first.close()
    await second.rest()
    assert len(receiver.posts()) == 1
    await second.pass_time(seconds=21)
    ids = [post.headers["webhook-id"] for post in receiver.posts()]
    (delivery,) = await second.deliveries()
    await second.close()
    assert ids == [str(delivery.notification_id)] * 2
    assert (delivery.state, delivery.attempts) == ("delivered", 1)


async def test_two_processes_do_not_deliver_the_same(
    notifications_url: str, tmp_path: Path, receiver: Receiver
) -> None:
    """Whoever has the lease delivers; the other leaves it alone."""
    one, other = Telling(notifications_url, tmp_path), Telling(notifications_url, tmp_path)
    await one.subscribe(receiver.url())
    for _ in range(10):
        await one.offer()
    await asyncio.gather(one.rest(), other.rest())
    ids = [post.headers["webhook-id"] for post in receiver.posts()]
    for telling in (one, other):
        await telling.close()
    assert len(ids) == len(set(ids)) == 10


async def test_nothing_secret_is_stored_as_it_is(telling: Telling, receiver: Receiver) -> None:
    """Neither the secret nor where it goes can be read in the database; and another key reads neither."""
    one, secret = await telling.subscribe(receiver.url("hidden-path"))
    stands = await telling.subscription(one)
    assert stands.sealed_address is not None
    assert b"hidden-path" not in stands.sealed_address
    assert secret not in stands.sealed_address
    telling.desk.seals._keys.clear()
    telling.desk.seals.path = telling.desk.seals.path.with_name("another.key")  # type: ignore[union-attr]
    assert telling.desk.seals.address(stands) is None
    await telling.offer()
    await telling.rest()
    assert (await telling.subscription(one)).reason == "key-lost"
    assert receiver.posts() == []
