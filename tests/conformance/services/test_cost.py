"""What a freed bed costs the registry in visits to its database: this is the way that everybody waits for."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from schemas.vocabulary import Region
from services.chassis.unit_of_work import UnitOfWork
from tests.support.world import HOUSEHOLD, World

LOCK, KNOWN, FIRST, AHEAD = 1, 1, 1, 1


@pytest.mark.parametrize("passed_over", [False, True], ids=["the first has it", "someone is passed over"])
async def test_a_freed_bed_is_read_in_three_statements_and_written_in_one(
    world: World, monkeypatch: pytest.MonkeyPatch, *, passed_over: bool
) -> None:
    """And in a fourth only when somebody is passed over, who has to have a reason."""
    if passed_over:
        await world.join(replace(HOUSEHOLD, children=9), days=9)
    await world.join(replace(HOUSEHOLD, region=Region.LIMBURG))
    # Once before, so that what each process reads only once has been read.
    for _ in range(2):
        await world.join(days=1)
    await world.post_bed(await world.add_unit(region=Region.LIMBURG))
    await world.settle()
    await world.post_bed(await world.add_unit(places=4))
    outbox = world.services["shelters"].tables.outbox
    (message,) = await world.rows("shelters", select(outbox).where(outbox.c.sent_at.is_(None)))
    read, written = list[object](), list[object]()
    execute, flush = UnitOfWork.execute, UnitOfWork._flush

    async def counted(unit: UnitOfWork, *arguments: object) -> object:
        read.append(arguments[0])
        return await execute(unit, *arguments)  # type: ignore[arg-type]

    async def counted_flush(unit: UnitOfWork) -> None:
        if unit.pending:
            written.append(list(unit.pending))
        await flush(unit)

    monkeypatch.setattr(UnitOfWork, "execute", counted)
    monkeypatch.setattr(UnitOfWork, "_flush", counted_flush)
    await world.deliver(message["routing_key"], message["body"].encode())
    monkeypatch.undo()
    assert len(read) == LOCK + KNOWN + FIRST + (AHEAD if passed_over else 0)
    assert len(written) == 1
    assert len(await world.offers("made")) == 2
    await world.settle()
