"""What a freed bed costs the registry in visits to its database: this is the way that everybody waits for."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from schemas.api.registry import Waitlist
from schemas.vocabulary import Programme, Region
from services.chassis.unit_of_work import UnitOfWork
from services.cli.simulation.acts import HOUSEHOLD
from tests.support.world import World

LOCK, KNOWN, FIRST, AHEAD = 1, 1, 1, 1


@pytest.mark.parametrize(
    ("waitlist", "passed_over"),
    [("omm", False), ("omm", True), ("cosm", False)],
    ids=["the first has it", "someone is passed over", "a right that may end"],
)
async def test_a_freed_bed_is_read_in_three_statements_and_written_in_one(
    world: World, monkeypatch: pytest.MonkeyPatch, waitlist: Waitlist, *, passed_over: bool
) -> None:
    """And in a fourth only where somebody may be passed over, who has to have a reason."""
    programme = Programme(waitlist)
    if passed_over:
        await world.join(replace(HOUSEHOLD, children=9), waitlist, days=9)
    await world.join(replace(HOUSEHOLD, region=Region.LIMBURG), waitlist)
    # Once before, so that what each process reads only once has been read.
    for _ in range(2):
        await world.join(HOUSEHOLD, waitlist, days=1)
    await world.post_bed(await world.add_unit(region=Region.LIMBURG, programme=programme))
    await world.settle()
    await world.post_bed(await world.add_unit(places=4, programme=programme))
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
    assert len(read) == LOCK + KNOWN + FIRST + (AHEAD if passed_over or waitlist == "cosm" else 0)
    assert len(written) == 1
    assert len(await world.offers("made")) == 2
    await world.settle()
