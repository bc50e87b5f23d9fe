"""Outbox, relay, consumer, inbox and quarantine together, on both databases and both brokers."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import structlog
from sqlalchemy import Table, func, select

from schemas import catalogue
from schemas.envelope import InvalidMessage
from schemas.messages.beds import DepartureRecorded
from services.chassis import quarantine
from services.chassis.broker.port import Broker, Message, NotConfirmed, PublishError
from services.chassis.broker.topology import said_again
from services.chassis.database import TransactionConflict
from services.chassis.database.errors import StatementTimedOut
from services.chassis.errors import Conflict, NotFound
from services.chassis.unit_of_work import UnitOfWork
from tests.conformance.messaging.conftest import Setting
from tests.support.counting import EFFECTS, MESSAGES, POISON, about, event_about
from tests.support.waiting import eventually


class Changed(Exception):
    """Someone changes their mind."""


async def test_an_event_is_stored_with_its_transaction_or_not_at_all(setting: Setting) -> None:
    """A rolled-back change has said nothing to anyone."""

    async def fail(unit: UnitOfWork) -> None:
        unit.record(about(uuid4()), subject=uuid4())
        raise Changed

    with pytest.raises(Changed):
        await setting.counting.transactions.run(fail)
    assert await setting.counting.unsent() == 0
    await setting.counting.record(uuid4())
    assert await setting.counting.unsent() == 1


async def test_a_committed_event_has_its_effect_and_is_marked_sent(setting: Setting) -> None:
    """The short road: from memory to the broker, and to the consumer."""
    one, two = uuid4(), uuid4()
    async with setting.running("relay", "consumer"):
        await setting.counting.record(one, two)
        await setting.until_effects(2)
        await setting.until_sent()
    assert sorted(await setting.counting.effects()) == sorted([one, two])


async def test_what_a_dead_process_left_is_found(setting: Setting) -> None:
    """Its claim runs out, and any relay publishes the row."""
    await setting.counting.record(*[uuid4() for _ in range(7)])
    setting.clock.ahead = timedelta(seconds=11)
    async with setting.running("relay", "consumer"):
        await setting.until_effects(7)
        await setting.until_sent()
    assert len(await setting.counting.effects()) == 7


async def test_what_a_living_process_has_claimed_is_left_to_it(setting: Setting) -> None:
    """Another relay on the same database waits for the claim to run out; a relay alone need not."""
    await setting.counting.record(uuid4())
    claimed = await setting.counting.relay._claim()
    assert claimed == []
    setting.clock.ahead = timedelta(seconds=11)
    assert len(await setting.counting.relay._claim()) == 1
    assert await setting.counting.relay._claim() == []


async def test_a_claim_by_a_clock_that_was_wrong_does_not_last(setting: Setting) -> None:
    """A process whose clock was an hour ahead claimed a row and died: others take it at once."""
    await setting.counting.record(uuid4())
    setting.clock.ahead = timedelta(hours=1)
    assert len(await setting.counting.relay._claim()) == 1
    setting.clock.ahead = timedelta()
    assert len(await setting.counting.relay._claim()) == 1


async def test_two_relays_never_claim_the_same_row(setting: Setting) -> None:
    """They share the work; what happens twice is harmless, but it should not be the rule."""
    await setting.counting.record(*[uuid4() for _ in range(50)])
    setting.clock.ahead = timedelta(seconds=11)
    other = Setting(setting.url, setting.broker, setting.topology)
    other.clock.ahead = timedelta(seconds=11)
    claims = await asyncio.gather(setting.counting.relay._claim(), other.counting.relay._claim())
    ids = [claimed.message.message_id for claim in claims for claimed in claim]
    assert len(ids) == len(set(ids)) == 50
    await other.counting.database.close()


async def test_a_duplicate_has_no_second_effect(setting: Setting) -> None:
    """At least once on the way, once in effect: alone, in one batch, and later."""
    event = event_about(uuid4())
    body, key = catalogue.encode(event), catalogue.routing_key(event)
    async with setting.running("consumer"):
        for _ in range(3):
            assert await setting.broker.publish([Message(str(event.id), key, body)]) == (None,)
        other = Message(str(uuid4()), key, body)
        assert await setting.broker.publish([other]) == (None,)
        await setting.until_effects(1)
        last = uuid4()
        await setting.counting.record(last)
        async with setting.running("relay"):
            setting.counting.relay.wake()
            setting.clock.ahead = timedelta(seconds=11)
            await setting.until_effects(2)
    assert len(await setting.counting.effects()) == 2


async def test_a_poisonous_message_harms_no_neighbour_and_ends_in_quarantine(setting: Setting) -> None:
    """After its attempts it is kept, with a reason that shows no value."""
    healthy = [uuid4() for _ in range(5)]
    with structlog.testing.capture_logs() as logs:
        async with setting.running("relay", "consumer"):
            await setting.counting.record(*healthy[:3], POISON, *healthy[3:])
            await setting.until_effects(5)
            await eventually(setting.waiting)
            await setting.until_sent()
    (kept,) = await setting.waiting()
    assert sorted(await setting.counting.effects()) == sorted(healthy)
    assert (kept.reason, kept.attempts, kept.status) == ("RuntimeError", 3, "waiting")
    assert "0612345678" not in str(logs)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"not json", "not valid JSON"),
        (b'{"type":"nl.doorstroom.beds.departure-recorded.v1","secret":"0612345678"}', "missing"),
        (b'{"type":"nl.doorstroom.beds.departure-recorded.v9"}', "no message of this type"),
    ],
)
async def test_a_message_that_is_no_message_goes_to_quarantine_at_once(
    setting: Setting, body: bytes, reason: str
) -> None:
    """Its content is kept for the operator, and shown to nobody."""
    with structlog.testing.capture_logs() as logs:
        async with setting.running("consumer"):
            bad = Message(str(uuid4()), "nl.doorstroom.beds.departure-recorded.v1", body)
            assert await setting.broker.publish([bad]) == (None,)
            (kept,) = await eventually(setting.waiting)
    assert reason in kept.reason
    assert kept.attempts == 1
    assert "0612345678" not in str(logs) + str(kept)


async def test_a_message_under_anothers_key_is_nobodys(setting: Setting) -> None:
    """Who may say what, the broker knows by the routing key: what hides another message there has no effect."""
    event = event_about(uuid4())
    async with setting.running("consumer"):
        hidden = Message(str(event.id), said_again("counting", "nl.doorstroom.beds.other.v1"), catalogue.encode(event))
        assert await setting.broker.publish([hidden]) == (None,)
        (kept,) = await eventually(setting.waiting)
    assert "routing key" in kept.reason
    assert await setting.counting.effects() == []


async def test_a_message_that_ends_its_consumer_each_time_reaches_the_quarantine(setting: Setting) -> None:
    """Nothing is left in a place where no operator looks."""
    event = event_about(uuid4())
    message = Message(str(event.id), catalogue.routing_key(event), catalogue.encode(event))
    queue = setting.topology.queues[0]
    subscription = setting.broker.subscribe(queue)
    publishing = asyncio.ensure_future(setting.broker.publish([message]))
    for _ in range(queue.delivery_limit + 1):
        await subscription.requeue(await asyncio.wait_for(subscription.batch(1), 20))
    await subscription.close()
    async with setting.running("consumer"):
        (kept,) = await eventually(setting.waiting)
    await publishing
    assert "too often" in kept.reason
    assert kept.routing_key == message.routing_key


async def test_a_quarantined_message_can_be_replayed_once(setting: Setting) -> None:
    """When the cause is gone, it has its effect, and the decision is on record."""
    async with setting.running("relay", "consumer"):
        await setting.counting.record(POISON)
        (kept,) = await eventually(setting.waiting)
        await setting.until_sent()
    repaired = event_about(uuid4())

    async def replay(unit: UnitOfWork) -> None:
        body = catalogue.encode(repaired)
        await quarantine.replay(unit, MESSAGES, "counting", kept.id[:10], body)

    await setting.counting.transactions.run(replay)
    async with setting.running("relay", "consumer"):
        await setting.until_effects(1)
    with pytest.raises(Conflict, match="replayed before"):
        await setting.counting.transactions.run(replay)
    assert await setting.waiting() == []


async def test_an_unusable_message_is_not_replayed_and_can_be_dropped(setting: Setting) -> None:
    """It would only come back; dropped, it stays on record."""
    async with setting.running("consumer"):
        bad = Message(str(uuid4()), "nl.doorstroom.beds.departure-recorded.v1", b"broken")
        await setting.broker.publish([bad])
        (kept,) = await eventually(setting.waiting)
    run = setting.counting.transactions.run
    tables = MESSAGES
    with pytest.raises(InvalidMessage):
        await run(lambda unit: quarantine.replay(unit, tables, "counting", kept.id))
    with pytest.raises(NotFound):
        await run(lambda unit: quarantine.find(unit, tables.quarantine, "ffff%"))
    await run(lambda unit: quarantine.drop(unit, tables.quarantine, kept.id))
    assert await setting.waiting() == []
    every = await run(lambda unit: quarantine.waiting(unit, tables.quarantine, every_status=True))
    assert [item.status for item in every] == ["dropped"]


class Away:
    """A broker that takes nothing, or only some messages, until it is told to."""

    shared = True

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.away = True
        self.refused: set[str] = set()

    connected = True

    async def publish(self, messages: list[Message]) -> list[PublishError | None]:
        if self.away:
            return [NotConfirmed("away")] * len(messages)
        taken = await self._broker.publish([item for item in messages if item.message_id not in self.refused])
        outcomes = iter(taken)
        return [NotConfirmed("no") if item.message_id in self.refused else next(outcomes) for item in messages]


async def test_while_the_broker_is_away_the_outbox_grows_and_then_drains(setting: Setting) -> None:
    """The services go on; nothing is lost, and nothing is done twice."""
    away = Away(setting.broker)
    setting.counting.relay._broker = away  # type: ignore[assignment] # all of the port that a relay uses
    async with setting.running("relay", "consumer"):
        for _ in range(5):
            await setting.counting.record(uuid4())
        assert await setting.counting.unsent() == 5
        assert await setting.counting.effects() == []
        away.away = False
        await setting.until_effects(5)
        await setting.until_sent()
    assert len(await setting.counting.effects()) == 5


async def test_a_row_is_marked_sent_only_when_that_very_message_was_confirmed(setting: Setting) -> None:
    """A neighbour's confirm is not its own."""
    away = Away(setting.broker)
    setting.counting.relay._broker = away  # type: ignore[assignment] # all of the port that a relay uses
    await setting.counting.record(*[uuid4() for _ in range(4)])
    async with setting.counting.database.reading() as connection:
        query = select(MESSAGES.outbox.c.id).order_by(MESSAGES.outbox.c.id).limit(1)
        [refused] = (await connection.execute(query)).one()
    away.away, away.refused = False, {str(refused)}
    setting.clock.ahead = timedelta(seconds=11)
    async with setting.running("relay", "consumer"):
        await setting.until_effects(3)
        unsent = select(MESSAGES.outbox.c.id).where(MESSAGES.outbox.c.sent_at.is_(None))

        async def only_the_refused() -> bool:
            async with setting.counting.database.reading() as connection:
                return [row.id for row in await connection.execute(unsent)] == [refused]

        await eventually(only_the_refused)
        away.refused = set()
        await setting.until_sent()
        await setting.until_effects(4)


async def test_draining_waits_for_what_was_handed_over(setting: Setting) -> None:
    """A process that stops has marked everything that it published."""
    async with setting.running("relay", "consumer"):
        await setting.counting.record(*[uuid4() for _ in range(20)])
        await setting.counting.relay.drain(20)
        assert await setting.counting.unsent() == 0


async def test_a_batch_is_one_transaction(setting: Setting) -> None:
    """What is ready together is stored together: many messages, few commits."""
    await setting.counting.record(*[uuid4() for _ in range(200)])
    transactions = 0
    handle = setting.counting.consumer._handle

    async def counted(incoming: object) -> None:
        nonlocal transactions
        transactions += 1
        await handle(incoming)  # type: ignore[arg-type] # passed on as it came

    setting.counting.consumer._handle = counted  # type: ignore[method-assign] # only counts
    setting.clock.ahead = timedelta(seconds=11)
    async with setting.running("relay", "consumer"):
        await setting.until_effects(200)
    assert transactions <= 20
    async with setting.counting.database.reading() as connection:
        distinct = select(func.count(func.distinct(EFFECTS.c.about)))
        assert list((await connection.execute(distinct)).one()) == [200]


async def test_whatever_a_publisher_wrote_beside_a_message_it_reaches_quarantine(setting: Setting) -> None:
    """Control characters, U+0000 among them, stop neither the message itself nor what comes with it."""
    good = event_about(uuid4())
    messages = [
        Message("a\0b", "nl.doorstroom.beds.departure-recorded.v1", b"not JSON"),
        Message("\n", "nl.doorstroom.beds.departure-recorded.v1", b'{"a\\u0000b": 1}'),
        Message(str(good.id), "nl.doorstroom.beds.departure-recorded.v1", catalogue.encode(good)),
    ]
    async with setting.running("consumer"):
        assert list(await setting.broker.publish(messages)) == [None] * 3
        await setting.until_effects(1)

        async def both() -> bool:
            return len(await setting.waiting()) == 2

        await eventually(both)
    assert all(message.message_id.isprintable() for message in await setting.waiting())


async def test_what_cannot_be_kept_now_harms_no_neighbour_and_is_kept_later(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quarantine that refuses one message keeps the others, and the refused one goes back to the queue."""
    keep, refusals = quarantine.keep, 0

    async def picky(unit: UnitOfWork, table: Table, rejected: Sequence[quarantine.Rejected]) -> None:
        nonlocal refusals
        if any(item.delivery.body == b"bad" for item in rejected) and refusals < 3:
            refusals += 1
            raise RuntimeError
        await keep(unit, table, rejected)

    monkeypatch.setattr(quarantine, "keep", picky)
    key = "nl.doorstroom.beds.departure-recorded.v1"
    async with setting.running("consumer"):
        await setting.broker.publish([Message(str(uuid4()), key, body) for body in (b"one", b"bad", b"two")])

        async def all_three() -> bool:
            return len(await setting.waiting()) == 3

        await eventually(all_three)
    assert refusals == 3


async def test_a_statement_that_takes_too_long_is_its_message_s_fault(setting: Setting) -> None:
    """It counts as an attempt, and its neighbours go on: the database is not away."""
    handle, slow, good = setting.counting.consumer._handlers[DepartureRecorded], uuid4(), uuid4()

    async def sometimes_slow(unit: UnitOfWork, messages: Sequence[DepartureRecorded]) -> None:
        if any(message.vacancy_id == slow for message in messages):
            raise StatementTimedOut
        await handle(unit, messages)

    setting.counting.consumer._handlers = {DepartureRecorded: sometimes_slow}
    await setting.counting.record(slow, good)
    setting.clock.ahead = timedelta(seconds=11)
    async with setting.running("relay", "consumer"):
        await setting.until_effects(1)

        async def parked() -> bool:
            return len(await setting.waiting()) == 1

        await eventually(parked)
    assert await setting.counting.effects() == [good]


async def test_a_relay_that_cannot_mark_forgets_nothing_and_still_drains(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A collision while marking costs a second publish, and no one waits in vain at the end."""
    settle, collisions = setting.counting.relay._settle, 0

    async def colliding(confirmed: list[UUID], refused: list[UUID]) -> None:
        nonlocal collisions
        if not collisions:
            collisions += 1
            raise TransactionConflict
        await settle(confirmed, refused)

    monkeypatch.setattr(setting.counting.relay, "_settle", colliding)
    async with setting.running("relay", "consumer"):
        await setting.counting.record(uuid4())
        await setting.until_effects(1)
        async with asyncio.timeout(3):
            await setting.counting.relay.drain(20)
        setting.clock.ahead = timedelta(seconds=11)
        await setting.until_sent()
    assert (collisions, len(await setting.counting.effects())) == (1, 1)
