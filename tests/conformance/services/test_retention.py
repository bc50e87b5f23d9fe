"""What is kept how long: closed cases say no more who they are about, old logs go, and nothing that lives on."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

from click.testing import CliRunner
from sqlalchemy import select

from services.chassis import retention
from services.chassis.database import Insertion
from services.chassis.unit_of_work import UnitOfWork
from services.cli.__main__ import cli
from services.cli.simulation.acts import COORDINATOR
from services.registry.handlers import entries, personal
from services.registry.tables import case_keys, cases, messages, processing_log
from tests.support.cases import do, register
from tests.support.world import START, World

TOLD: personal.Document = {"name": "Somebody"}
FIVE_YEARS_DAYS = 1825


async def tell(world: World, *case_ids: UUID) -> None:
    vault = world.vault
    for case_id in case_ids:
        await do(
            world,
            lambda unit, case_id=case_id: personal.replace_personal_data(vault, unit, case_id, COORDINATOR, TOLD),
        )


async def with_key(world: World) -> set[UUID]:
    return {row.case_id for row in await world.rows("registry", select(case_keys))}


async def forget(world: World) -> None:
    await world.services["registry"]._keep_house()


async def test_a_case_that_was_closed_long_ago_says_no_more_who_it_is_about(world: World) -> None:
    """It is still counted; that it was erased is in the audit log, and noted like every erasure."""
    case_id = await register(world)
    await tell(world, case_id)
    world.clock.forward(days=FIVE_YEARS_DAYS)
    await forget(world)
    assert await with_key(world) == {case_id}
    world.clock.forward(seconds=1)
    await forget(world)
    assert await with_key(world) == set()
    assert await world.count("registry", cases) == 1
    noted = await world.rows("registry", select(messages.audit.pending))
    assert [(row.action, row.origin, str(case_id) in row.cases) for row in noted] == [("retention", "service", True)]
    assert set(world.vault.erasures.all()) == {case_id}


async def test_nothing_is_forgotten_of_whom_something_lives_on(world: World) -> None:
    """Who waits, of whom something was told since, and whoever is the same person as one of them."""
    waits = (await world.join()).case_id
    left = await world.join(days=5)
    await do(world, lambda unit: entries.leave_waitlist(world.matchmaker, unit, left.id, COORDINATOR))
    merged, told_again = await register(world), await register(world)
    await tell(world, waits, left.case_id, merged, told_again)
    await world.merge(waits, merged)
    world.clock.forward(days=FIVE_YEARS_DAYS, seconds=1)
    await tell(world, told_again)
    await forget(world)
    assert await with_key(world) == {waits, merged, told_again}


async def test_the_processing_log_goes_after_its_time(world: World) -> None:
    """And no sooner."""

    def entry(days: float) -> dict[str, object]:
        at = START - timedelta(days=days)
        text = dict.fromkeys(("trace_id", "span_id", "status", "name", "processing_activity", "subject"), "x")
        return {"id": uuid4(), "started_at": at, "ended_at": at, **text}

    rows = [entry(days) for days in (FIVE_YEARS_DAYS - 1, FIVE_YEARS_DAYS + 1)]
    await world.run("registry", lambda unit: unit.write(Insertion(processing_log), rows))
    await forget(world)
    assert [row.id for row in await world.rows("registry", select(processing_log))] == [rows[0]["id"]]


async def test_a_dry_run_tells_how_many_would_go_and_takes_none(world: World) -> None:
    """By kind, for each service; without --dry-run they go, however many portions that takes."""
    number = 1203
    old = START - timedelta(days=400)

    async def fill(unit: UnitOfWork) -> None:
        await unit.write(Insertion(messages.inbox), [{"id": uuid4(), "received_at": old} for _ in range(number)])

    await world.run("registry", fill)
    environment = {f"DOORSTROOM_{name.upper()}_DATABASE_URL": url for name, url in world.urls.items()}
    environment |= {"DOORSTROOM_REGISTRY_KEY_FILE": str(world.key_file), "DOORSTROOM_RETENTION_DAYS": "30"}

    async def run(*words: str) -> list[list[str]]:
        arguments = ["retention", *words]
        done = await asyncio.to_thread(CliRunner().invoke, cli, arguments, env=environment, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return [line.split(maxsplit=3) for line in done.output.splitlines()]

    expected = ["registry", "30", str(number), "received messages"]
    shown = await run("--dry-run")
    assert expected in shown
    assert {line[0] for line in shown} == set(world.services)
    assert await run("registry") == [line for line in shown if line[0] == "registry"]
    assert await world.count("registry", messages.inbox) == 0
    assert ["registry", "30", "0", "received messages"] in await run("registry", "--dry-run")


async def test_every_kind_can_be_counted_and_forgotten_in_every_service(world: World) -> None:
    """None of them is only declared."""
    for service in world.services.values():
        counts = await world.run(service.name, lambda unit, kept=service.kept: retention.overdue(unit, kept))
        assert counts == [0] * len(service.kept)
        assert await service._keep_house() is None
