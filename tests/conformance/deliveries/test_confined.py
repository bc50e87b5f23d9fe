"""What an owner does with a subscription is done as their organisation: on PostgreSQL nothing of others is seen."""

from datetime import timedelta

from schemas.api.subscriptions import SubscriptionSettings
from tests.support.receiver import Receiver
from tests.support.telling import MINE, Telling


async def test_an_owner_may_do_everything_as_their_organisation(telling: Telling, receiver: Receiver) -> None:
    """Try it out, send again, recover, renew the secret, pause, resume, change and remove."""
    one, _ = await telling.subscribe(receiver.url())
    doing, run, id_ = telling.subscribing, telling.transactions.run, one.id
    await run(lambda unit: doing.test(unit, id_, MINE), confined_to=MINE)
    await telling.rest()
    [delivery] = await telling.deliveries()
    assert delivery.state == "delivered"
    await run(lambda unit: doing.resend(unit, delivery.id, MINE), confined_to=MINE)
    await telling.rest()
    assert len(receiver.posts()) == 2
    await run(lambda unit: doing.recover(unit, id_, MINE, unit.now - timedelta(days=1)), confined_to=MINE)
    await run(lambda unit: doing.rotate(unit, id_, MINE, timedelta(hours=1)), confined_to=MINE)
    await run(lambda unit: doing.pause(unit, id_, MINE), confined_to=MINE)
    await run(lambda unit: doing.resume(unit, id_, MINE, catch_up=False), confined_to=MINE)
    elsewhere = SubscriptionSettings(address=receiver.url("elsewhere"))
    await run(lambda unit: doing.change(unit, id_, MINE, elsewhere), confined_to=MINE)
    await telling.rest()
    assert (await telling.subscription(one)).state == "enabled"
    await run(lambda unit: doing.remove(unit, id_, MINE), confined_to=MINE)
