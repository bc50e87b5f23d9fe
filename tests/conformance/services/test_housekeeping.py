"""Housekeeping on both databases: what is old is forgotten as fast as it comes, and nothing that waits ever is."""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import delete, func, select

from services.chassis import quarantine
from services.chassis.broker.port import Delivery
from services.chassis.database import Insertion
from services.chassis.service import HOUSEKEEPING_BATCH
from services.chassis.unit_of_work import UnitOfWork
from services.registry.tables import messages
from tests.support.world import START, World

OLD = START - timedelta(days=400)


def rejected(body: bytes) -> quarantine.Rejected:
    delivery = Delivery("id", "key", body, "queue", redelivered=False, content_type="", headers={}, receipt=None)
    return quarantine.Rejected(delivery, "no reason", 1)


async def count(world: World, table_name: str) -> int:
    table = getattr(messages, table_name)
    rows = await world.rows("registry", select(func.count().label("count")).select_from(table))
    return int(rows[0].count)


async def test_old_rows_go_in_portions_until_none_is_left(world: World) -> None:
    """The next portion is due at once while one was full, so no rate of messages outruns it."""
    number = HOUSEKEEPING_BATCH * 2 + 1

    async def fill(unit: UnitOfWork) -> None:
        await unit.write(Insertion(messages.inbox), [{"id": uuid4(), "received_at": OLD} for _ in range(number)])
        await unit.write(Insertion(messages.inbox), [{"id": uuid4(), "received_at": START}])

    await world.run("registry", fill)
    service = world.services["registry"]
    assert [await service._keep_house() for _ in range(3)] == [START, START, None]
    assert await count(world, "inbox") == 1


async def test_what_was_decided_in_quarantine_is_forgotten_and_what_waits_is_not(world: World) -> None:
    """It may be about people, so it does not stay for ever; but an operator who is late still finds it."""

    async def fill(unit: UnitOfWork) -> None:
        unit.now = OLD
        await quarantine.keep(unit, messages.quarantine, [rejected(b"decided"), rejected(b"waiting")])
        decided = quarantine.identifier(rejected(b"decided").delivery)
        await quarantine.drop(unit, messages.quarantine, decided)

    await world.run("registry", fill)
    await world.services["registry"]._keep_house()
    left = await world.run("registry", lambda unit: quarantine.waiting(unit, messages.quarantine, every_status=True))
    assert [item.status for item in left] == [quarantine.WAITING]
    await world.run("registry", lambda unit: unit.execute(delete(messages.quarantine)))
