"""A broker has lost what it had confirmed: the databases say it again, on both databases and both brokers."""

from datetime import timedelta
from functools import partial
from uuid import uuid4

from services.chassis.reconcile import say_again
from services.chassis.relay import Claimed
from tests.conformance.messaging.conftest import Setting
from tests.support.counting import MESSAGES

AN_HOUR = timedelta(hours=1)


async def again(setting: Setting, period: timedelta = AN_HOUR) -> int:
    return await setting.counting.transactions.run(partial(say_again, outbox=MESSAGES.outbox, period=period))


async def test_what_was_lost_is_said_again(setting: Setting) -> None:
    """It was confirmed and marked, and nobody has heard it; now they do."""
    await setting.counting.record(uuid4(), uuid4())
    rows = await _after_the_claims(setting)
    await setting.counting.relay._settle(rows, [])
    assert await setting.counting.unsent() == 0
    assert await again(setting) == 2
    async with setting.running("relay", "consumer"):
        await setting.until_effects(2)
        await setting.until_sent()


async def test_what_was_heard_is_said_again_without_effect(setting: Setting) -> None:
    """So it is safe at any time."""
    async with setting.running("relay", "consumer"):
        await setting.counting.record(uuid4())
        await setting.until_effects(1)
        await setting.until_sent()
    assert await again(setting) == 1
    async with setting.running("relay", "consumer"):
        await setting.until_sent()
        await setting.counting.record(uuid4())
        await setting.until_effects(2)
    assert len(await setting.counting.effects()) == 2


async def test_what_was_confirmed_and_lost_before_it_was_marked_is_not_marked_any_more(setting: Setting) -> None:
    """Whoever says it again would miss it otherwise: a relay marks what it published a moment later."""
    await setting.counting.record(uuid4())
    (published,) = await _after_the_claims(setting)
    assert await again(setting) == 1
    await setting.counting.relay._settle([published], [])
    assert await setting.counting.unsent() == 1


async def test_nor_when_another_relay_has_claimed_it_since(setting: Setting) -> None:
    """That one may have died before it published; only who holds the claim knows."""
    await setting.counting.record(uuid4())
    (published,) = await _after_the_claims(setting)
    assert await again(setting) == 1
    (claimed,) = await _after_the_claims(setting)
    await setting.counting.relay._settle([published], [])
    assert await setting.counting.unsent() == 1
    await setting.counting.relay._settle([claimed], [])
    assert await setting.counting.unsent() == 0


async def test_only_what_somebody_wants_is_said_again(setting: Setting) -> None:
    """Topic patterns choose, as in the broker."""
    await setting.counting.record(uuid4())
    work = partial(say_again, outbox=MESSAGES.outbox, period=AN_HOUR)
    for wanted, count in ((["nl.doorstroom.offers.#"], 0), (["nl.doorstroom.offers.#", "nl.doorstroom.beds.*.*"], 1)):
        assert await setting.counting.transactions.run(partial(work, wanted=wanted)) == count


async def test_what_was_said_before_the_period_is_left_alone(setting: Setting) -> None:
    """Whoever says again names how far back."""
    await setting.counting.record(uuid4())
    setting.clock.ahead = timedelta(hours=2)
    assert await again(setting) == 0
    assert await again(setting, timedelta(hours=3)) == 1


async def _after_the_claims(setting: Setting) -> list[Claimed]:
    """What a relay claims once the claims of whoever recorded it have run out."""
    setting.clock.ahead += timedelta(seconds=11)
    return await setting.counting.relay._claim()
