"""What a subscription selects reaches its endpoint: signed, at least once, with the same id, on a schedule."""

import json
from base64 import b64encode
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from standardwebhooks import Webhook

from schemas.messages.offers import Filing, Household
from schemas.vocabulary import DeliveryOrder, ListKind, NotificationKind, Region
from services.notifications.channels.port import RETRIES
from tests.support.receiver import WELL, Receiver, answers, resets
from tests.support.telling import MINE, Telling

THIN = {"specversion", "id", "source", "type", "subject", "time", "dataref", "sequence", "sequencetype"}
EXPECTED = [timedelta(seconds=s) for s in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)]


async def test_what_happens_is_delivered_with_its_id_and_signature(telling: Telling, receiver: Receiver) -> None:
    """One POST, a CloudEvent without data, signed with the secret that was shown once."""
    _, secret = await telling.subscribe(receiver.url())
    offer = await telling.offer()
    await telling.rest()
    (post,) = receiver.posts()
    (stored,) = await telling.inbox()
    event = json.loads(post.body)
    assert event == {
        "specversion": "1.0",
        "id": str(stored.id),
        "source": "urn:nld:kvknr:00000000.notifications",
        "type": "nl.doorstroom.notifications.offer-made.v1",
        "subject": str(offer),
        "time": "2026-03-01T09:00:00Z",
        "dataref": f"https://doorstroom.example/registry/v1/offers/{offer}",
        "sequence": "00000000000000000001",
        "sequencetype": "Integer",
    }
    assert post.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert post.headers["webhook-id"] == event["id"]
    assert post.headers["webhook-signature"].startswith("v1,")
    with pytest.raises(Exception, match="too old"):  # the clock of this test stands in March
        Webhook(b64encode(secret).decode()).verify(post.body, post.headers)
    (delivery,) = await telling.deliveries()
    assert (delivery.state, delivery.attempts, delivery.due_at) == ("delivered", 1, None)


async def test_a_failure_is_tried_again_after_the_schedule_and_then_dead(telling: Telling, receiver: Receiver) -> None:
    """5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h: no sooner and no later, always the same id; then it is told."""
    assert list(RETRIES) == EXPECTED
    one, _ = await telling.subscribe(receiver.url())
    receiver.behaviours["hook"] = answers(500)
    await telling.offer()
    await telling.rest()
    for number, pause in enumerate(EXPECTED, start=1):
        await telling.pass_time(seconds=0.999 * pause.total_seconds())
        assert len(receiver.posts()) == number
        await telling.pass_time(seconds=0.0011 * pause.total_seconds())
        assert len(receiver.posts()) == number + 1
    assert len({post.headers["webhook-id"] for post in receiver.posts()}) == 1
    delivery = (await telling.deliveries(one))[0]
    assert (delivery.state, delivery.attempts) == ("dead", 10)
    told = [(row.kind, row.subject) for row in await telling.inbox()]
    assert told[1:] == [("subscription-failing", one.id), ("delivery-dead", one.id)]
    assert [(row.verdict, row.status, row.reason) for row in await telling.attempts()] == [
        ("failed", 500, "unexpected-status")
    ] * 10


async def test_retry_after_is_obeyed_for_everything_to_the_endpoint(telling: Telling, receiver: Receiver) -> None:
    """429 with Retry-After: neither this nor anything new comes sooner; and afterwards all of it."""
    await telling.subscribe(receiver.url())
    receiver.behaviours["hook"] = answers(429, "Retry-After: 120")
    await telling.offer()
    await telling.rest()
    receiver.behaviours["hook"] = WELL
    await telling.offer()
    await telling.pass_time(seconds=119)
    assert len(receiver.posts()) == 1
    await telling.pass_time(seconds=2)
    assert len(receiver.posts()) == 3
    assert {row.state for row in await telling.deliveries()} == {"delivered"}


async def test_who_is_gone_is_left_alone_and_its_owner_is_told(telling: Telling, receiver: Receiver) -> None:
    """410 disables the subscription at once; resumed, everything that came meanwhile is caught up with."""
    one, _ = await telling.subscribe(receiver.url())
    receiver.behaviours["hook"] = answers(410)
    await telling.offer()
    await telling.rest()
    stands = await telling.subscription(one)
    assert (stands.state, stands.reason) == ("disabled", "gone")
    assert [row.kind for row in await telling.inbox()] == ["offer-made", "delivery-dead", "subscription-disabled"]
    receiver.behaviours["hook"] = WELL
    await telling.offer()
    await telling.pass_time(hours=1)
    assert len(receiver.posts()) == 1
    await telling.transactions.run(lambda unit: telling.subscribing.resume(unit, one.id, MINE, catch_up=True))
    await telling.rest()
    assert len(receiver.posts()) == 2
    assert (await telling.subscription(one)).state == "enabled"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_no_redirect_is_followed(telling: Telling, receiver: Receiver, status: int) -> None:
    """Wherever it leads, it is a failure."""
    await telling.subscribe(receiver.url())
    receiver.behaviours["hook"] = answers(status, f"Location: {receiver.url('elsewhere')}")
    await telling.offer()
    await telling.rest()
    assert [post.path for post in receiver.posts()] == ["hook"]
    assert [row.reason for row in await telling.attempts()] == ["redirected"]


async def test_only_what_is_selected_comes(telling: Telling, receiver: Receiver) -> None:
    """Kinds and lists; and nothing of another organisation's."""
    await telling.subscribe(receiver.url("kinds"), kinds=[NotificationKind.OFFER_REVOKED])
    await telling.subscribe(receiver.url("lists"), list_kinds=[ListKind.HOUSING])
    await telling.subscribe(receiver.url("other"), organisation="another")
    offer = await telling.offer()
    await telling.offer(list_kind=ListKind.HOUSING, household=Household(adults=2, children=1))
    await telling.revoke(offer)
    await telling.rest()
    kinds = {(post.path, json.loads(post.body)["type"].split(".")[3]) for post in receiver.posts()}
    assert kinds == {("kinds", "offer-revoked"), ("lists", "offer-made")}


async def test_programme_region_and_own_cases_are_selected_by_what_the_coordinator_knows(
    telling: Telling, receiver: Receiver
) -> None:
    """By the case, whatever is about the same offer later, too; what nobody could file comes to everyone."""
    mine, another = uuid4(), uuid4()
    chosen: dict[str, dict[str, Any]] = {
        "programme": {"waitlists": ["omm"]},
        "region": {"regions": [Region.LIMBURG]},
        "case": {"case_ids": [mine]},
        "all": {"waitlists": ["omm"], "regions": [Region.LIMBURG], "case_ids": [mine]},
    }
    for path, filters in chosen.items():
        await telling.subscribe(receiver.url(path), **filters)
    filings = {
        "fits": Filing(waitlist="omm", region=Region.LIMBURG, case_id=mine),
        "other programme": Filing(waitlist="vo", region=Region.LIMBURG, case_id=mine),
        "other region": Filing(waitlist="omm", region=Region.ROTTERDAM, case_id=mine),
        "other case": Filing(waitlist="omm", region=Region.LIMBURG, case_id=another),
        "no region": Filing(waitlist="omm", region=None, case_id=mine),
        "unknown": None,
    }
    offers = {await telling.offer(filing=filing): name for name, filing in filings.items()}
    await telling.rest()
    await telling.revoke(next(id_ for id_, name in offers.items() if name == "other region"))
    await telling.revoke(next(id_ for id_, name in offers.items() if name == "fits"))
    await telling.rest()
    got = {path: [offers[subject] for subject in _subjects(receiver, path)] for path in chosen}
    assert {path: sorted(names) for path, names in got.items()} == {
        "programme": sorted(["fits", "fits", "no region", "other case", "other region", "other region", "unknown"]),
        "region": sorted(["fits", "fits", "no region", "other case", "other programme", "unknown"]),
        "case": sorted(["fits", "fits", "no region", "other programme", "other region", "other region", "unknown"]),
        "all": sorted(["fits", "fits", "no region", "unknown"]),
    }
    assert all(set(json.loads(post.body)) == THIN for post in receiver.posts())


async def test_by_subject_what_is_about_one_thing_waits_for_what_was_before(
    telling: Telling, receiver: Receiver
) -> None:
    """The revocation comes after the offer has arrived; what is about something else does not wait."""
    await telling.subscribe(receiver.url("ordered"))
    await telling.subscribe(receiver.url("fast"), order=DeliveryOrder.FASTEST)
    receiver.behaviours |= {"ordered": answers(500), "fast": answers(500)}
    offer = await telling.offer()
    await telling.rest()
    receiver.behaviours.clear()
    await telling.revoke(offer)
    other = await telling.offer()
    await telling.rest()
    assert _subjects(receiver, "ordered") == [offer, other]
    assert sorted(map(str, _subjects(receiver, "fast"))) == sorted(map(str, [offer, offer, other]))
    await telling.pass_time(seconds=6)
    assert _subjects(receiver, "ordered") == [offer, other, offer, offer]
    kinds = [json.loads(post.body)["type"].split(".")[3] for post in receiver.posts("ordered")]
    assert kinds == ["offer-made", "offer-made", "offer-made", "offer-revoked"]


def _subjects(receiver: Receiver, path: str) -> list[object]:
    return [UUID(json.loads(post.body)["subject"]) for post in receiver.posts(path)]


async def test_a_throttle_spreads_deliveries(telling: Telling, receiver: Receiver) -> None:
    """Six a minute: one at once, then one every ten seconds."""
    await telling.subscribe(receiver.url(), throttle_per_minute=6)
    for _ in range(3):
        await telling.offer()
    await telling.rest()
    assert len(receiver.posts()) == 1
    await telling.pass_time(seconds=9)
    assert len(receiver.posts()) == 1
    await telling.pass_time(seconds=1)
    assert len(receiver.posts()) == 2
    await telling.pass_time(seconds=10)
    assert len(receiver.posts()) == 3


async def test_paused_nothing_leaves_and_resumed_it_catches_up_or_skips(telling: Telling, receiver: Receiver) -> None:
    """As its owner wants; what is skipped is visible, and can be recovered."""
    one, _ = await telling.subscribe(receiver.url())
    run, subscribing = telling.transactions.run, telling.subscribing
    await run(lambda unit: subscribing.pause(unit, one.id, MINE))
    await telling.offer()
    await telling.pass_time(hours=1)
    assert receiver.posts() == []
    await run(lambda unit: subscribing.resume(unit, one.id, MINE, catch_up=True))
    await telling.rest()
    assert len(receiver.posts()) == 1
    await run(lambda unit: subscribing.pause(unit, one.id, MINE))
    before = telling.clock()
    await telling.offer()
    await run(lambda unit: subscribing.resume(unit, one.id, MINE, catch_up=False))
    await telling.rest()
    assert len(receiver.posts()) == 1
    await run(lambda unit: subscribing.recover(unit, one.id, MINE, before))
    await telling.rest()
    assert len(receiver.posts()) == 2


async def test_what_is_dead_can_be_sent_again_one_by_one_or_since_a_moment(
    telling: Telling, receiver: Receiver
) -> None:
    """Nothing that was given up is lost; what has arrived comes again only when its owner asks for it."""
    one, _ = await telling.subscribe(receiver.url())
    since = telling.clock()
    await telling.offer()
    await telling.rest()
    receiver.behaviours["hook"] = answers(410)
    await telling.offer()
    await telling.rest()
    receiver.behaviours.clear()
    run, subscribing = telling.transactions.run, telling.subscribing
    await run(lambda unit: subscribing.resume(unit, one.id, MINE, catch_up=True))
    assert await run(lambda unit: subscribing.recover(unit, one.id, MINE, since)) == 1
    await telling.rest()
    assert [row.state for row in await telling.deliveries(one)] == ["delivered", "delivered"]
    first = (await telling.deliveries(one))[0]
    await run(lambda unit: subscribing.resend(unit, first.id, MINE))
    await telling.rest()
    ids = [post.headers["webhook-id"] for post in receiver.posts()]
    assert [ids.count(str(row.notification_id)) for row in await telling.deliveries(one)] == [2, 2]


async def test_a_secret_is_replaced_with_an_overlap(telling: Telling, receiver: Receiver) -> None:
    """Both sign until the old one ends; then only the new one does."""
    one, _ = await telling.subscribe(receiver.url())
    await telling.transactions.run(lambda unit: telling.subscribing.rotate(unit, one.id, MINE, timedelta(hours=1)))
    signatures = []
    for hours in (0.0, 0.5, 1.0):
        await telling.pass_time(hours=hours)
        await telling.offer()
        await telling.rest()
        signatures.append(len(receiver.posts()[-1].headers["webhook-signature"].split()))
    assert signatures == [2, 2, 1]


async def test_who_does_not_allow_us_gets_nothing(telling: Telling, receiver: Receiver) -> None:
    """The handshake of CloudEvents: another origin, none, or no answer; asked again when its owner resumes it."""
    for handshake in (answers(204, "WebHook-Allowed-Origin: other.example"), answers(204), answers(404), resets):
        receiver.handshake = handshake
        one, _ = await telling.subscribe(receiver.url(f"hook-{uuid4()}"))
        assert (await telling.subscription(one)).state == "disabled"
    await telling.offer()
    await telling.rest()
    assert receiver.posts() == []
    asked = {one.headers["webhook-request-origin"] for one in receiver.received}
    assert asked == {"doorstroom.example"}


async def test_an_endpoint_that_fails_for_long_is_disabled_after_a_warning(
    telling: Telling, receiver: Receiver
) -> None:
    """Warned after two days, disabled after five; and never when something went well in between."""
    one, _ = await telling.subscribe(receiver.url())
    receiver.behaviours["hook"] = resets
    states = []
    for _day in range(6):
        await telling.offer()
        await telling.rest()
        states.append((await telling.subscription(one)).state)
        await telling.pass_time(days=1)
    kinds = [row.kind for row in await telling.inbox()]
    assert states == ["enabled"] * 5 + ["disabled"]
    assert kinds.count("subscription-failing") == 1
    assert kinds.count("subscription-disabled") == 1
    assert kinds.index("subscription-failing") < kinds.index("subscription-disabled")
    assert (await telling.subscription(one)).reason == "failing"


async def test_a_test_goes_to_the_one_that_is_tested_only(telling: Telling, receiver: Receiver) -> None:
    """And into the inbox, where everything is."""
    one, _ = await telling.subscribe(receiver.url("tested"))
    await telling.subscribe(receiver.url("other"))
    await telling.transactions.run(lambda unit: telling.subscribing.test(unit, one.id, MINE))
    await telling.rest()
    assert [post.path for post in receiver.posts()] == ["tested"]
    assert [row.kind for row in await telling.inbox()] == ["subscription-test"]
