"""What the registry's gauges say of vacancies and offers, on both databases, and that reading them stays cheap."""

from datetime import timedelta

import pytest
from sqlalchemy import Executable, text
from sqlalchemy.dialects import postgresql, sqlite

from schemas.vocabulary import Sex
from services.chassis.database import POSTGRESQL
from services.chassis.measures import readings as of_every_service
from services.chassis.unit_of_work import UnitOfWork
from services.registry import measures
from services.registry.tables import messages
from tests.support.world import SHELTER_OFFER_SECONDS, World


async def numbers(world: World) -> list[float]:
    """Free, free without a decision, open offers, those near their deadline, those beyond it."""
    read = await world.services["registry"].transactions.read(measures.read)
    return [
        read[each]
        for each in (
            measures.FREE,
            measures.UNDECIDED,
            measures.OPEN_OFFERS,
            measures.NEAR_DEADLINE,
            measures.OVERDUE,
        )
    ]


async def test_vacancies_and_offers_are_counted_by_what_they_wait_for(world: World) -> None:
    """An offer comes near its deadline and passes it; what moves on was decided about, and what never was is told."""
    assert await numbers(world) == [0, 0, 0, 0, 0]
    await world.join()
    await world.post_bed(await world.add_unit(), lease_seconds=90_000)
    await world.post_bed(await world.add_unit(sexes=[Sex.MALE]), lease_seconds=90_000)
    await world.settle()
    assert await numbers(world) == [1, 1, 1, 0, 0]
    world.clock.forward(seconds=SHELTER_OFFER_SECONDS - 3600)
    assert await numbers(world) == [1, 1, 1, 1, 0]
    world.clock.forward(hours=1)
    assert await numbers(world) == [1, 1, 1, 1, 1]
    await world.pass_time(seconds=0)
    assert await numbers(world) == [2, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("counting", "index"),
    [
        (measures._FREE, "vacancies_open"),
        (measures._WAITING, "offers_due"),
        # SQLite takes the one of `sent_at`, in which those that are not sent stand together as well.
        (of_every_service._unsent(messages.outbox), "outbox_"),
        (of_every_service._oldest(messages.outbox), "outbox_"),
        (of_every_service._waiting(messages.quarantine), "quarantine_waiting"),
    ],
)
async def test_what_is_read_is_found_by_an_index(world: World, counting: Executable, index: str) -> None:
    """Of what waits only, however much there is beside it."""

    async def plan(unit: UnitOfWork) -> str:
        if unit.connection.dialect.name == POSTGRESQL:
            # Tables that are nearly empty are read whole otherwise, whatever indexes they have.
            await unit.execute(text("SET LOCAL enable_seqscan = off"))
            asked = f"EXPLAIN {in_words(counting, postgresql.dialect(), unit)}"
        else:
            asked = f"EXPLAIN QUERY PLAN {in_words(counting, sqlite.dialect(), unit)}"
        return " ".join(str(value) for row in await unit.execute(text(asked)) for value in row)

    assert index in await world.run("registry", plan)


def in_words(counting: Executable, dialect: object, unit: UnitOfWork) -> str:
    """The statement with its values in it, so that it can be explained."""
    moments = {"near": unit.now + timedelta(hours=1), "now": unit.now}
    asked = counting.params({name: moments[name] for name in moments}) if counting is measures._WAITING else counting
    return str(asked.compile(dialect=dialect, compile_kwargs={"literal_binds": True})).replace(":", r"\:")
